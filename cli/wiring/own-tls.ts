import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import { FollowedTls } from '../../kernel/tls/followed-tls.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { ownTlsSettings } from '../tls-settings.ts'

/**
 * The certificate of this process and the authorities it believes, followed until the end of `lifecycle`; undefined: none are
 * given. Rejects with BAD_OPTION when only some are.
 */
export async function ownTls(
  { tlsCa, tlsCert, tlsKey }: SettingsOf<typeof ownTlsSettings>,
  lifecycle: Lifecycle,
  log: Log,
): Promise<FollowedTls | undefined> {
  if (tlsCa === undefined && tlsCert === undefined && tlsKey === undefined) return undefined
  if (tlsCa === undefined || tlsCert === undefined || tlsKey === undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      'TLS needs --tls-ca, --tls-cert and --tls-key; make them with: ennead certs',
    )
  }
  const tls = await FollowedTls.open({ ca: tlsCa, certificate: tlsCert, key: tlsKey }, { log })
  lifecycle.add('certificates', () => Promise.resolve(tls.close()))
  return tls
}

/** `url`, which with certificates must be https. Throws BAD_OPTION. */
export function tlsUrl(url: string, flag: string, tls: FollowedTls | undefined): string {
  if (tls !== undefined && !url.startsWith('https:')) {
    throw new EnneadError('BAD_OPTION', `${flag} must begin with https:// when --tls-cert is given`)
  }
  return url
}
