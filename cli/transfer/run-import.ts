import { EnneadError } from '../../kernel/errors.ts'
import type { ImportOutcome } from '../../subgraphs/db/transfer/import-records.ts'
import { atLine, type CheckedFile } from './check-file.ts'
import type { Deployment } from './deployment.ts'
import { lineIn } from './file-format.ts'
import { readLines } from './read-lines.ts'
import type { TransferPart } from './transfer-settings.ts'

export interface ImportOptions {
  readonly path: string
  readonly file: CheckedFile
  readonly parts: readonly TransferPart[]
  readonly existing: 'refuse' | 'keep'
  readonly onBytes: (bytes: number) => void
}

/** Records that are asked to be imported as one. */
const batchMax = 100
const batchBytesMax = 512 * 1024
/** Tasks that are named before they come; their ids are kept in memory. */
const awaitedMax = 200_000

type Totals = { -readonly [K in Exclude<keyof ImportOutcome, 'missing'>]: number }

interface Item {
  readonly line: number
  readonly part: TransferPart
  readonly id: string
  readonly value: unknown
}

/**
 * Imports a checked file, batch by batch, each acknowledged before the next is sent. Rejects with file and line of what
 * is refused, and how far it came; the same import again goes on from there.
 */
export async function runImport(deployment: Deployment, options: ImportOptions): Promise<Totals> {
  const importing = new Importing(deployment, options)
  let bytesRead = 0
  let behindMark = false
  for await (const { number, text, bytes } of readLines(options.path)) {
    const line = lineIn(text)
    bytesRead += bytes.length
    if (line.is === 'changes') behindMark = true
    if (line.is !== 'record' || !options.parts.includes(line.part)) continue
    if (!behindMark && options.file.changed.has(`${line.kind}/${line.id}`)) continue
    await importing.add({ ...line, line: number }, bytes.length)
    options.onBytes(bytesRead)
  }
  return importing.finish()
}

class Importing {
  readonly #deployment: Deployment
  readonly #options: ImportOptions
  readonly #totals: Totals = { imported: 0, same: 0, kept: 0, expired: 0 }
  /** Tasks that were named and have not come yet, with who named them first. */
  readonly #awaited = new Map<string, { readonly line: number; readonly why: string }>()
  #batch: Item[] = []
  #batchBytes = 0

  constructor(deployment: Deployment, options: ImportOptions) {
    this.#deployment = deployment
    this.#options = options
  }

  async add(item: Item, bytes: number): Promise<void> {
    const [first] = this.#batch
    const full = this.#batch.length >= batchMax || this.#batchBytes + bytes > batchBytesMax
    if (first !== undefined && (full || first.part !== item.part)) await this.#flush()
    this.#batch.push(item)
    this.#batchBytes += bytes
  }

  async finish(): Promise<Totals> {
    await this.#flush()
    const [absent] = this.#awaited.values()
    if (absent === undefined) return this.#totals
    const failure = new EnneadError('IMPORT_INVALID', absent.why)
    throw atLine(
      this.#options.path,
      absent.line,
      failure,
      `; all ${this.#done} records are imported nevertheless`,
    )
  }

  get #done(): number {
    return this.#totals.imported + this.#totals.same + this.#totals.kept
  }

  async #flush(): Promise<void> {
    const batch = this.#batch
    const [first] = batch
    if (first === undefined) return
    this.#batch = []
    this.#batchBytes = 0
    const outcome = await this.#send(first.part, batch)
    for (const name of ['imported', 'same', 'kept', 'expired'] as const) this.#totals[name] += outcome[name]
    for (const { id } of batch) this.#awaited.delete(id)
    for (const { index, field, id } of outcome.missing) this.#await(batch[index] ?? first, field, id)
  }

  async #send(part: TransferPart, batch: readonly Item[]): Promise<ImportOutcome> {
    const command = part === 'auth' ? 'directory/import' : 'records/import'
    const { path, existing } = this.#options
    try {
      const records = batch.map(item => item.value)
      // Both handlers of transfer-commands.ts answer this.
      return (await this.#deployment.ask(command, { records, existing })) as ImportOutcome
    } catch (failure) {
      const index = failure instanceof EnneadError ? failure.facts['index'] : undefined
      const at = (typeof index === 'number' ? batch[index] : undefined) ?? batch[0]
      const far = `; ${this.#done} records before it are imported, the same import goes on from there`
      throw atLine(path, at?.line ?? 1, failure, far)
    }
  }

  #await(item: Item, field: string, id: string): void {
    const what = field === 'parentId' ? 'its parent' : 'a task it waits for'
    const why = `task ${item.id} names ${id} as ${what}, which is neither in the file nor stored here`
    if (!this.#awaited.has(id)) this.#awaited.set(id, { line: item.line, why })
    if (this.#awaited.size > awaitedMax) {
      throw new EnneadError('IMPORT_INVALID', `more than ${awaitedMax} tasks are named before they come`)
    }
  }
}
