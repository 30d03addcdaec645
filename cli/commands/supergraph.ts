import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { askSocket } from '../control.ts'
import { exitCodes } from '../failure.ts'
import { gatewaySocketPath } from '../gateway-control.ts'
import { helpText } from '../help.ts'
import { supergraphCommandSettings } from '../supergraph-settings.ts'

const summary = 'Shows, reloads or rolls back the supergraph of a running `ennead gateway`.'
const usage = 'supergraph status|reload|rollback [flags]'
const actions: readonly (string | undefined)[] = ['status', 'reload', 'rollback']

export const supergraph: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, usage, summary, supergraphCommandSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [action, ...rest] = argv
    if (!actions.includes(action)) throw new EnneadError('BAD_OPTION', `what about it? ennead ${usage}`)
    const { port, control } = readSettings(supergraphCommandSettings, rest, process.env)
    const path = control ?? gatewaySocketPath(port)
    const nobody = `no gateway of this user listens at ${path}; give its --port, or its --control`
    const answer = await askSocket(path, nobody, `supergraph/${action}`, {})
    process.stdout.write(`${JSON.stringify(answer, undefined, 2)}\n`)
    return exitCodes.done
  },
}
