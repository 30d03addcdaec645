import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { composeFromConfig } from '../../composition/compose-from-config.ts'
import type { Composition } from '../../composition/compose-from-config.ts'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import { watchComposition } from '../../composition/watch-composition.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { exitCodeOfComposition, failedLine, reportDiagnostics } from '../composition-report.ts'
import { exitCodes } from '../failure.ts'
import { formatComposition } from '../format-composition.ts'
import { helpText } from '../help.ts'
import { stopAsked } from '../lifecycle.ts'
import { Progress, progressText } from '../progress.ts'
import { composeSettings } from '../compose-settings.ts'
import { terminalOf } from '../terminal.ts'

const summary =
  'Composes subgraph schemas into a supergraph; with --check says whether the committed one is current.'

const examples = [
  ['ennead compose', 'writes schema/supergraph.graphql from supergraph.yaml'],
  ['ennead compose --config shop.yaml --output -', 'prints the supergraph'],
  ['ennead compose --check', 'for CI: fails when the committed file is not what comes out'],
  ['ennead compose --watch', 'composes again whenever a schema changes'],
] as const

type Settings = SettingsOf<typeof composeSettings>

export const compose: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, 'compose [flags]', summary, composeSettings, examples)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(composeSettings, argv, process.env)
    if (settings.watch && (settings.check || settings.config === '-')) {
      throw new EnneadError(
        'BAD_OPTION',
        `--watch writes what changes; it cannot go with ${settings.check ? '--check' : '--config -'}`,
      )
    }
    if (settings.format !== 'pretty' && (settings.watch || settings.output === '-')) {
      const other = settings.watch ? '--watch' : '--output -, which has standard output to itself'
      throw new EnneadError('BAD_OPTION', `--format ${settings.format} cannot go with ${other}`)
    }
    if (settings.watch) return watch(settings)
    const progress = new Progress(terminalOf(process.stderr, process.env), part => process.stderr.write(part))
    const composition = await composeFromConfig(settings.config, {
      environment: process.env,
      progress: (done, of) => progress.show(progressText(done, of)),
      ...(settings.config === '-' ? { text: await text(process.stdin) } : {}),
    })
    progress.clear()
    const stale = await staleness(composition, settings)
    report(composition, settings, stale)
    if (stale !== undefined) throw new EnneadError('SUPERGRAPH_STALE', stale.message)
    if (composition.ok) await deliver(composition.sdl, settings)
    return exitCodeOfComposition(composition)
  },
}

async function watch(settings: Settings): Promise<number> {
  const stop = new AbortController()
  void stopAsked().then(() => stop.abort())
  // Between two looks at the files nothing else keeps the process alive.
  const alive = setInterval(() => undefined, 60_000)
  try {
    await watchComposition(
      settings.config,
      { environment: process.env, signal: stop.signal },
      async composition => {
        report(composition, settings)
        if (composition.ok) await deliver(composition.sdl, settings)
      },
    )
  } finally {
    clearInterval(alive)
  }
  return exitCodes.done
}

function report(composition: Composition, { config, hints, format }: Settings, stale?: Diagnostic): void {
  if (format !== 'pretty') {
    process.stdout.write(formatComposition(composition, config, format, stale))
    return
  }
  const shown = reportDiagnostics(composition.diagnostics, terminalOf(process.stderr, process.env), hints)
  if (shown !== '') process.stderr.write(`${shown}\n`)
  if (!composition.ok) process.stderr.write(failedLine(composition, config))
}

async function deliver(sdl: string, { check, output, format }: Settings): Promise<void> {
  if (output === '-') {
    process.stdout.write(sdl)
    return
  }
  if (!check) await replaceFile(output, sdl)
  if (format === 'pretty') process.stdout.write(`${output} ${check ? 'is current' : 'written'}\n`)
}

/** With --check: what is wrong with the file that should hold what was composed; undefined: nothing. */
async function staleness(
  composition: Composition,
  { check, output }: Settings,
): Promise<Diagnostic | undefined> {
  if (!composition.ok || !check || output === '-') return undefined
  const found = await readFile(output, 'utf8').catch(() => undefined)
  if (found === composition.sdl) return undefined
  const what = found === undefined ? 'cannot be read' : 'is not what the subgraph schemas compose to'
  const locations = [{ subgraph: undefined, file: output, line: 1, column: 1, text: undefined }]
  const message = `${output} ${what}; run: ennead compose`
  return { severity: 'error', code: 'SUPERGRAPH_STALE', message, locations }
}

/** A reader, such as a gateway that watches the file, must never see half of it. */
async function replaceFile(path: string, content: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(`${path}.new`, content)
    await rename(`${path}.new`, path)
  } catch (failure) {
    await rm(`${path}.new`, { force: true })
    throw new EnneadError('OUTPUT_UNWRITABLE', `${path} cannot be written`, { cause: failure })
  }
}
