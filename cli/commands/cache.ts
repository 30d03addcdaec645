import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { askSocket } from '../control.ts'
import { cacheCommandSettings } from '../entity-cache-settings.ts'
import { exitCodes } from '../failure.ts'
import { gatewaySocketPath } from '../gateway-control.ts'
import { helpText } from '../help.ts'

const summary = 'Makes a running `ennead gateway --entity-cache` forget answers that it has kept.'
const usage = 'cache forget [--subgraph NAME] [--type TYPE [--key JSON]] [flags]'

export const cache: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, usage, summary, cacheCommandSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [action, ...rest] = argv
    if (action !== 'forget') throw new EnneadError('BAD_OPTION', `what about it? ennead ${usage}`)
    const { port, control, subgraph, type, key } = readSettings(cacheCommandSettings, rest, process.env)
    const path = control ?? gatewaySocketPath(port)
    const nobody = `no gateway of this user listens at ${path}; give its --port, or its --control`
    const input = { subgraph, type, key: key === undefined ? undefined : parsed(key) }
    const answer = await askSocket(path, nobody, 'cache/forget', input)
    process.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`)
    return exitCodes.done
  },
}

function parsed(key: string): unknown {
  try {
    return JSON.parse(key)
  } catch (cause) {
    const message = `--key must be JSON with the fields of a @key, e.g. '{"id":"1"}', got ${JSON.stringify(key)}`
    throw new EnneadError('BAD_OPTION', message, { cause })
  }
}
