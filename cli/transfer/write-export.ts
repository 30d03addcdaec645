import { createHash } from 'node:crypto'
import { EnneadError } from '../../kernel/errors.ts'
import { directoryKinds } from '../../subgraphs/auth/transfer/directory-form.ts'
import type {
  ExportedChanges,
  ExportPage,
  WrittenRecord,
} from '../../subgraphs/db/transfer/export-records.ts'
import { transferKinds } from '../../subgraphs/db/transfer/record-form.ts'
import type { Deployment } from './deployment.ts'
import { changesMark, changesMax, endLine, formatVersion, type Header } from './file-format.ts'
import type { TransferPart } from './transfer-settings.ts'

export interface ExportOptions {
  readonly parts: readonly TransferPart[]
  /** Hashes of passwords, too. */
  readonly passwords: boolean
  /** What is stored encrypted is written decrypted, for who has no keys. */
  readonly decrypt: boolean
  /** Now, in ISO 8601. */
  readonly at: string
  /** Takes a part of the file; resolves when it may have more. */
  readonly write: (text: string) => Promise<void>
  /** Is told after each page how many records are written. */
  readonly onRecords: (count: number) => void
}

/** What was written. */
export interface ExportSummary {
  readonly counts: ReadonlyMap<string, number>
  readonly position: string | null
}

/** Writes everything, page by page; see file-format.ts and export-records.ts. */
export async function writeExport(deployment: Deployment, options: ExportOptions): Promise<ExportSummary> {
  const file = new ExportFile(options)
  const header: Header = { ennead: 'export', version: formatVersion, at: options.at, parts: options.parts }
  await file.write(`${JSON.stringify(header)}\n`)
  if (options.parts.includes('auth')) await writeDirectory(deployment, file, options.passwords)
  const position = options.parts.includes('db') ? await writeRecords(deployment, file, options.decrypt) : null
  return file.end(position)
}

/** A page as a handler of transfer-commands.ts answers it. */
async function pageOf(deployment: Deployment, command: string, input: object): Promise<ExportPage> {
  return (await deployment.ask(command, input)) as ExportPage
}

async function writeDirectory(deployment: Deployment, file: ExportFile, passwords: boolean): Promise<void> {
  for (const kind of directoryKinds) {
    for (let afterId: string | undefined = ''; afterId !== undefined;) {
      const page = await pageOf(deployment, 'directory/page', { kind, afterId })
      await file.records(passwords ? page.records : page.records.map(withoutPassword))
      afterId = page.next
    }
  }
}

function withoutPassword(record: WrittenRecord): WrittenRecord {
  const { passwordHash: _, ...rest } = record
  return rest
}

/** Answers the position the records stand for. */
async function writeRecords(deployment: Deployment, file: ExportFile, decrypt: boolean): Promise<string> {
  // Answered by the handler of the same name in transfer-commands.ts; so below.
  const head = (await deployment.ask('records/head', {})) as { readonly epoch: string; readonly seq: number }
  for (const kind of transferKinds) {
    for (let afterId: string | undefined = ''; afterId !== undefined;) {
      const page = await pageOf(deployment, 'records/page', { kind, afterId, decrypt })
      await file.records(page.records)
      afterId = page.next
    }
  }
  const changed = new Map<string, WrittenRecord>()
  let { seq } = head
  for (let more = true; more;) {
    const changes = (await deployment.ask('records/changes', { afterSeq: seq, decrypt })) as ExportedChanges
    for (const record of changes.records)
      changed.set(`${String(record['kind'])}/${String(record['id'])}`, record)
    if (changed.size > changesMax) {
      const why = `more than ${changesMax} records changed while they were written; export when less is going on`
      throw new EnneadError('OVERLOADED', why)
    }
    ;({ seq, more } = changes)
  }
  if (changed.size > 0) {
    await file.write(`${changesMark}\n`)
    const byKind = Map.groupBy(changed.values(), record => record['kind'])
    for (const kind of transferKinds) await file.records(byKind.get(kind) ?? [])
  }
  return `${head.epoch}:${seq}`
}

class ExportFile {
  readonly #options: ExportOptions
  readonly #hash = createHash('sha256')
  readonly #counts = new Map<string, number>()
  #written = 0

  constructor(options: ExportOptions) {
    this.#options = options
  }

  async write(text: string): Promise<void> {
    this.#hash.update(text)
    await this.#options.write(text)
  }

  async records(records: readonly WrittenRecord[]): Promise<void> {
    if (records.length === 0) return
    for (const record of records) {
      const kind = String(record['kind'])
      this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1)
    }
    this.#written += records.length
    await this.write(records.map(record => `${JSON.stringify(record)}\n`).join(''))
    this.#options.onRecords(this.#written)
  }

  async end(position: string | null): Promise<ExportSummary> {
    const line = endLine(this.#hash, Object.fromEntries(this.#counts), position)
    await this.#options.write(`${line}\n`)
    return { counts: this.#counts, position }
  }
}
