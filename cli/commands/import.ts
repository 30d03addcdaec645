import { stat } from 'node:fs/promises'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings, type SettingsOf } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { Progress, progressBar } from '../progress.ts'
import { terminalOf } from '../terminal.ts'
import { checkFile, type CheckedFile } from '../transfer/check-file.ts'
import { counted, grouped } from '../transfer/counted.ts'
import { openDeployment } from '../transfer/deployment.ts'
import { runImport } from '../transfer/run-import.ts'
import { importSettings } from '../transfer/transfer-settings.ts'

const summary =
  'Reads what ennead export wrote into an Ennead that runs, or into its stores while it does not.'
const usage = 'import --input FILE [flags]'

const examples = [
  ['ennead import --input backup.ndjson --check', 'reads every line and says what is wrong; changes nothing'],
  ['ennead import --input backup.ndjson --data new', 'into a new data folder, before its first start'],
  ['ennead import --input backup.ndjson', 'once more, after it was interrupted: goes on where it stopped'],
] as const

/** `import` is a word of the language. */
export const importCommand: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, usage, summary, importSettings, examples)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(importSettings, argv, process.env)
    const { input } = settings
    if (input === undefined) throw new EnneadError('BAD_OPTION', `--input is needed: ennead ${usage}`)
    const bytes = await sizeOf(input)
    const progress = new Progress(terminalOf(process.stderr, process.env), text => process.stderr.write(text))
    try {
      const file = await checkFile(input, done => progress.show(`checking ${progressBar(done, bytes)}`))
      const report = settings.check
        ? checked(input, file, settings)
        : await bringIn(input, file, settings, bytes, progress)
      progress.clear()
      process.stdout.write(`${report}\n`)
    } finally {
      progress.clear()
    }
    return exitCodes.done
  },
}

type Settings = SettingsOf<typeof importSettings>

function checked(input: string, { counts }: CheckedFile, { format }: Settings): string {
  return format === 'json'
    ? JSON.stringify({ input, records: Object.fromEntries(counts) })
    : `${input} is whole: ${counted(counts)}`
}

async function bringIn(
  input: string,
  file: CheckedFile,
  settings: Settings,
  bytes: number,
  progress: Progress,
): Promise<string> {
  const parts = file.header.parts.filter(part => settings.parts.length === 0 || settings.parts.includes(part))
  if (parts.length === 0) {
    throw new EnneadError('BAD_OPTION', `--parts: ${input} has only ${file.header.parts.join(' and ')}`)
  }
  await using deployment = await openDeployment({ settings, parts, create: true })
  const { existing, format } = settings
  const onBytes = (done: number): void => progress.show(`importing ${progressBar(done, bytes)}`)
  const totals = await runImport(deployment, { path: input, file, parts, existing, onBytes })
  if (format === 'json') return JSON.stringify({ input, ...totals })
  const others = [
    [totals.same, 'were here already'],
    [totals.kept, 'differ and were kept as they are here'],
    [totals.expired, 'are receipts past their time'],
  ] as const
  const told = others.flatMap(([count, what]) => (count === 0 ? [] : [`${grouped(count)} ${what}`]))
  return `imported ${grouped(totals.imported)} records from ${input}${told.map(text => `; ${text}`).join('')}`
}

async function sizeOf(input: string): Promise<number> {
  const found = await stat(input).catch((cause: unknown) => {
    throw new EnneadError('INPUT_UNREADABLE', `${input} cannot be read`, { cause })
  })
  if (found.isFile()) return found.size
  throw new EnneadError(
    'INPUT_UNREADABLE',
    `${input} is not a file; it is read twice, so that it must be one`,
  )
}
