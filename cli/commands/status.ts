import { Agent, request } from 'undici'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import { readTlsMaterial } from '../../kernel/tls/tls-material.ts'
import { tlsFailureReason } from '../../kernel/tls/tls-failure.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import type { Command } from '../command.ts'
import { statusSettings } from '../settings.ts'
import { statusTable } from '../status-table.ts'

const summary = 'Shows every agent and subgraph of a running Ennead as ok, failing, open or absent.'
const answerMsMax = 5_000

export const status: Command = {
  summary,
  async run(argv) {
    const help = helpText(
      argv,
      'status [flags]',
      `${summary} Exit code 1 when it is not ready.`,
      statusSettings,
    )
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(statusSettings, argv, process.env)
    const health = await readHealth(settings)
    process.stdout.write(settings.json ? `${JSON.stringify(health)}\n` : statusTable(health))
    return isReady(health) ? exitCodes.done : exitCodes.failed
  },
}

async function readHealth({
  url: base,
  tlsCa,
  tlsCert,
  tlsKey,
}: SettingsOf<typeof statusSettings>): Promise<unknown> {
  const address = URL.parse('/health/ready', base)
  if (address === null) throw new EnneadError('BAD_OPTION', `--url: ${JSON.stringify(base)} is not a URL`)
  const { ca, own } = await readTlsMaterial({ ca: tlsCa, certificate: tlsCert, key: tlsKey })
  const connect = {
    ...(ca === undefined ? {} : { ca }),
    ...(own === undefined ? {} : { cert: own.certificate, key: own.key }),
  }
  const agent = new Agent({ connect })
  try {
    const signal = AbortSignal.timeout(answerMsMax)
    const response = await request(address, { signal, dispatcher: agent })
    return await response.body.json()
  } catch (cause) {
    const reason = tlsFailureReason(cause)
    throw new EnneadError(
      'NOT_RUNNING',
      reason === undefined
        ? `nothing answers at ${address.href}; give the address with --url`
        : `what answers at ${address.href} cannot be trusted: ${reason}; give --tls-ca, --tls-cert and --tls-key`,
      { cause },
    )
  } finally {
    await agent.close()
  }
}

function isReady(health: unknown): boolean {
  return typeof health === 'object' && health !== null && 'ready' in health && health.ready === true
}
