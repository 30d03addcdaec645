import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { once } from 'node:events'
import { EnneadError } from '../../kernel/errors.ts'
import { readSettings, type SettingsOf } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { Progress } from '../progress.ts'
import { terminalOf } from '../terminal.ts'
import { counted, grouped } from '../transfer/counted.ts'
import { openDeployment } from '../transfer/deployment.ts'
import { exportSettings, transferParts } from '../transfer/transfer-settings.ts'
import { writeExport, type ExportSummary } from '../transfer/write-export.ts'

const summary = 'Writes users, workspaces and everything about tasks to a file that ennead import reads.'
const usage = 'export --output FILE [flags]'

const examples = [
  ['ennead export --output backup.ndjson', 'while Ennead runs on .ennead, or while it does not'],
  ['ennead export --output - | zstd > backup.ndjson.zst', 'compressed'],
  [
    'docker compose exec -T db node bin/ennead.js export --parts db --output -',
    'of a deployment of several processes',
  ],
] as const

/** `export` is a word of the language. */
export const exportCommand: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, usage, summary, exportSettings, examples)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(exportSettings, argv, process.env)
    const { output } = settings
    if (output === undefined) throw new EnneadError('BAD_OPTION', `--output is needed: ennead ${usage}`)
    const written = output === '-' ? await run(settings, toStandardOutput) : await toFile(settings, output)
    const report =
      settings.format === 'json'
        ? JSON.stringify({ output, position: written.position, records: Object.fromEntries(written.counts) })
        : `exported to ${output}: ${counted(written.counts)}`
    // Standard output may be the export itself.
    const out = output === '-' ? process.stderr : process.stdout
    out.write(`${report}\n`)
    return exitCodes.done
  },
}

type Settings = SettingsOf<typeof exportSettings>

async function run(settings: Settings, write: (text: string) => Promise<void>): Promise<ExportSummary> {
  const parts =
    settings.parts.length === 0 ? transferParts : transferParts.filter(part => settings.parts.includes(part))
  await using deployment = await openDeployment({ settings, parts, create: false })
  const progress = new Progress(terminalOf(process.stderr, process.env), text => process.stderr.write(text))
  try {
    return await writeExport(deployment, {
      parts,
      passwords: settings.passwords,
      decrypt: settings.decrypt,
      at: new Date().toISOString(),
      write,
      onRecords: count => progress.show(`exporting, ${grouped(count)} records …`),
    })
  } finally {
    progress.clear()
  }
}

/** Beside the file first, so that half an export never stands where a whole one stood. */
async function toFile(settings: Settings, output: string): Promise<ExportSummary> {
  const beside = `${output}.part`
  const unwritable = (cause: unknown): EnneadError =>
    new EnneadError('OUTPUT_UNWRITABLE', `${output} cannot be written`, { cause })
  let file: FileHandle
  try {
    file = await open(beside, 'w', 0o600)
  } catch (cause) {
    throw unwritable(cause)
  }
  try {
    const written = await run(settings, async text => {
      await file.write(text).catch((cause: unknown) => {
        throw unwritable(cause)
      })
    })
    await file.sync()
    await file.close()
    await rename(beside, output)
    return written
  } catch (failure) {
    await file.close().catch(() => undefined)
    await rm(beside, { force: true })
    throw failure
  }
}

async function toStandardOutput(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain')
}
