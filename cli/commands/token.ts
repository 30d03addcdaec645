import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import { askControl } from '../control.ts'
import { controlSocketPath } from '../data-folder.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import type { Command } from '../command.ts'
import { tokenSettings } from '../settings.ts'

const summary = 'Prints an access token of a user, for curl and clients.'

export const token: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, 'token --user EMAIL [flags]', summary, tokenSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(tokenSettings, argv, process.env)
    if (settings.user === undefined) {
      throw new EnneadError('BAD_OPTION', 'whose token? ennead token --user EMAIL')
    }
    const answer = await askControl(await controlSocketPath(settings.data), settings.data, 'token', {
      email: settings.user,
      workspace: settings.workspace,
    })
    process.stdout.write(`${String(answer)}\n`)
    return exitCodes.done
  },
}
