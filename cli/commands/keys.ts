import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import { askControl } from '../control.ts'
import { controlSocketPath } from '../data-folder.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import type { Command } from '../command.ts'
import { dataSettings } from '../settings.ts'

const summary = 'Signs access tokens with a new key from now on; those of before go on being taken.'
const usage = 'keys rotate [flags]'

export const keys: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, usage, summary, dataSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [action, ...rest] = argv
    if (action !== 'rotate') throw new EnneadError('BAD_OPTION', `ennead ${usage}`)
    const { data } = readSettings(dataSettings, rest, process.env)
    const answer = await askControl(await controlSocketPath(data), data, 'keys/rotate', {})
    process.stdout.write(`${String(answer)}\n`)
    return exitCodes.done
  },
}
