import type { SecureVersion } from 'node:tls'
import { EnneadError } from '../../kernel/errors.ts'
import type { HealthReport } from '../../gateway/http/gateway-options.ts'
import type { Log } from '../../kernel/log.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import { FollowedTls } from '../../kernel/tls/followed-tls.ts'
import type { TlsClientOptions } from '../../kernel/tls/tls-client.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { subgraphTlsSettings } from '../tls-settings.ts'

/** How TLS is spoken with a subgraph; undefined: as Node does by default. */
export type TlsOfSubgraph = (name: string) => TlsClientOptions | undefined

export interface SubgraphTls {
  readonly of: TlsOfSubgraph
  /** All that is followed. */
  readonly followed: readonly FollowedTls[]
}

/** What the settings say of TLS with subgraphs; files are followed until the end of `lifecycle`. Rejects with BAD_OPTION. */
export async function subgraphTls(
  settings: SettingsOf<typeof subgraphTlsSettings>,
  lifecycle: Lifecycle,
  log: Log,
): Promise<SubgraphTls> {
  const ca = byName(settings.subgraphCa, '--subgraph-ca')
  const certificate = byName(settings.subgraphCert, '--subgraph-cert')
  const key = byName(settings.subgraphKey, '--subgraph-key')
  const serverName = byName(settings.subgraphServerName, '--subgraph-server-name')
  const minVersion = byName(settings.subgraphTlsMin, '--subgraph-tls-min')
  if (serverName.has(all)) {
    throw new EnneadError('BAD_OPTION', '--subgraph-server-name needs a subgraph for each host: name=HOST')
  }
  const given = [ca, certificate, key, serverName, minVersion]
  if (given.every(values => values.size === 0)) return { of: () => undefined, followed: [] }
  const followed = new Map<string, FollowedTls>()
  const made = new Map<string, TlsOfOne>()
  for (const name of new Set([all, ...given.flatMap(keysOf)])) {
    const files = { ca: forName(ca, name), certificate: forName(certificate, name), key: forName(key, name) }
    const same = JSON.stringify(files)
    const tls = followed.get(same) ?? (await FollowedTls.open(files, { log }))
    if (!followed.has(same)) lifecycle.add('certificates', () => Promise.resolve(tls.close()))
    followed.set(same, tls)
    made.set(name, {
      tls,
      serverName: serverName.get(name),
      minVersion: versionOf(forName(minVersion, name)),
    })
  }
  return {
    of: name => {
      const one = made.get(name) ?? made.get(all)
      return one && { ...one, holder: name }
    },
    followed: [...followed.values()],
  }
}

/** What certificates add to the readiness of a gateway: one that has expired makes it not ready, since no subgraph answers it. */
export function certificatesHealth(followed: readonly FollowedTls[]): () => Promise<HealthReport> {
  return async () => {
    const certificates = followed.map(tls => tls.health()).filter(health => health !== undefined)
    return { ready: certificates.every(({ state }) => state !== 'expired'), certificates }
  }
}

type TlsOfOne = Omit<TlsClientOptions, 'holder'>

/** Stands for every subgraph that is not named. No subgraph is called so. */
const all = ''

/** `value` for all and `name=value` for one. Throws BAD_OPTION when one is given twice. */
function byName(words: readonly string[], flag: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const word of words) {
    const [, name = all, value = word] = /^([A-Za-z_][\w-]*)=(.+)$/s.exec(word) ?? []
    if (found.has(name)) {
      const whom = name === all ? 'all subgraphs' : `subgraph "${name}"`
      throw new EnneadError('BAD_OPTION', `${flag} has two values for ${whom}`)
    }
    found.set(name, value)
  }
  return found
}

function forName(values: ReadonlyMap<string, string>, name: string): string | undefined {
  return values.get(name) ?? values.get(all)
}

function keysOf(values: ReadonlyMap<string, string>): readonly string[] {
  return [...values.keys()]
}

function versionOf(text = 'TLSv1.2'): SecureVersion {
  if (text === 'TLSv1.2' || text === 'TLSv1.3') return text
  throw new EnneadError(
    'BAD_OPTION',
    `--subgraph-tls-min must be TLSv1.2 or TLSv1.3, got ${JSON.stringify(text)}`,
  )
}
