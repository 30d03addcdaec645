import { readSettings } from '../../kernel/settings.ts'
import { askControl } from '../control.ts'
import { controlSocketPath } from '../data-folder.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import type { Command } from '../command.ts'
import { chaosSettings } from '../chaos-settings.ts'

const summary = 'Injects faults into the agents of an Ennead that was started with --chaos.'

export const chaos: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, 'chaos [flags]', `${summary} Without flags: shows them.`, chaosSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const { data, subgraph, faults, seed, requests, clear } = readSettings(chaosSettings, argv, process.env)
    // The auth subgraph's socket is the one that `ennead token` uses as well.
    const socket = subgraph === '' || subgraph === 'auth' ? 'control' : `control-${subgraph}`
    const path = await controlSocketPath(data, socket)
    const answer =
      faults.length > 0 || clear
        ? await askControl(path, data, 'chaos/set', { faults: clear ? [] : faults, seed, requests })
        : await askControl(path, data, 'chaos/show', {})
    process.stdout.write(`${JSON.stringify(answer)}\n`)
    return exitCodes.done
  },
}
