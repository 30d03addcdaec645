import { request } from 'undici'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
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
    const health = await readHealth(settings.url)
    process.stdout.write(settings.json ? `${JSON.stringify(health)}\n` : statusTable(health))
    return isReady(health) ? exitCodes.done : exitCodes.failed
  },
}

async function readHealth(base: string): Promise<unknown> {
  const address = URL.parse('/health/ready', base)
  if (address === null) throw new EnneadError('BAD_OPTION', `--url: ${JSON.stringify(base)} is not a URL`)
  try {
    const response = await request(address, { signal: AbortSignal.timeout(answerMsMax) })
    return await response.body.json()
  } catch (cause) {
    throw new EnneadError('NOT_RUNNING', `nothing answers at ${address.href}; give the address with --url`, {
      cause,
    })
  }
}

function isReady(health: unknown): boolean {
  return typeof health === 'object' && health !== null && 'ready' in health && health.ready === true
}
