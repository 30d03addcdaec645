import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import { askControl } from '../control.ts'
import { controlSocketPath } from '../data-folder.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import type { Command } from '../command.ts'
import { userSettings } from '../settings.ts'

const summary = 'Adds a user to a workspace of a running Ennead; makes both when they do not exist.'

export const user: Command = {
  summary,
  async run(argv) {
    const usage = 'user add --email EMAIL --workspace SLUG [flags]'
    const help = helpText(argv, usage, summary, userSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [action, ...rest] = argv
    if (action !== 'add') throw new EnneadError('BAD_OPTION', `ennead ${usage}`)
    const settings = readSettings(userSettings, rest, process.env)
    if (settings.email === undefined || settings.workspace === undefined) {
      throw new EnneadError('BAD_OPTION', `--email and --workspace are needed: ennead ${usage}`)
    }
    const { data, ...input } = settings
    const answer = await askControl(await controlSocketPath(data), data, 'user', input)
    process.stdout.write(`${String(answer)}\n`)
    return exitCodes.done
  },
}
