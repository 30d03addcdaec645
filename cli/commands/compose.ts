import { readFile, rename, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { composeFromConfig, describeMessage } from '../../gateway/supergraph/compose.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { composeSettings } from '../settings.ts'

const summary =
  'Composes subgraph schemas into a supergraph; with --check says whether the committed one is current.'

export const compose: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, 'compose [flags]', summary, composeSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const { config, output, check } = readSettings(composeSettings, argv, process.env)
    const result = await composeFromConfig(resolve(config))
    if (!result.ok) {
      const lines = result.errors.map(error => `  ${describeMessage(error)}\n`).join('')
      process.stderr.write(`ennead: COMPOSITION_FAILED: ${config} does not compose\n${lines}`)
      return exitCodes.composition
    }
    for (const hint of result.hints) process.stderr.write(`hint: ${describeMessage(hint)}\n`)
    if (check) await checkCurrent(output, result.sdl)
    else {
      // A reader, such as a gateway that watches the file, must never see half of it.
      await writeFile(`${output}.new`, result.sdl)
      await rename(`${output}.new`, output)
    }
    process.stdout.write(`${output} ${check ? 'is current' : 'written'}\n`)
    return exitCodes.done
  },
}

async function checkCurrent(output: string, sdl: string): Promise<void> {
  const found = await readFile(output, 'utf8').catch(() => undefined)
  if (found === sdl) return
  const what = found === undefined ? 'cannot be read' : 'is not what the subgraph schemas compose to'
  throw new EnneadError('SUPERGRAPH_STALE', `${output} ${what}; run: ennead compose`)
}
