import { stat } from 'node:fs/promises'
import { checkDuration, checkInteger } from '../../kernel/check.ts'
import type { Clock, Timer } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { PreparedOperation } from '../engine.ts'
import type { ClientName } from './client-name.ts'
import { countLine, documentLine, idOf, omittedLine } from './log-lines.ts'
import { OperationCounts } from './operation-counts.ts'
import type { OperationCount } from './operation-counts.ts'
import { RotatingFile } from './rotating-file.ts'

export interface OperationLogOptions {
  /** Written by this log alone. Its folder exists. */
  readonly file: string
  /** How often counts are written, milliseconds. Default 60,000. */
  readonly everyMs?: number
  /** Bytes of one file. Default 16,777,216. */
  readonly bytesMax?: number
  /** Files at most, the one being written among them. Default 10. */
  readonly filesMax?: number
  /** Different operations, each for each client, that are counted between two writes. Default 10,000. */
  readonly entriesMax?: number
  /** Characters of these operations together. Default 10,000,000. */
  readonly charactersMax?: number
  readonly clock: Clock
  readonly log: Log
}

const defaults = {
  everyMs: 60_000,
  bytesMax: 16_777_216,
  filesMax: 10,
  entriesMax: 10_000,
  charactersMax: 10_000_000,
} as const

type Settled = Required<OperationLogOptions>

/** Opens the log for appending. Rejects with BAD_OPTION, also when the file cannot be written. */
export async function openOperationLog(options: OperationLogOptions): Promise<OperationLog> {
  const settled = { ...defaults, ...options }
  checkDuration('everyMs', settled.everyMs)
  checkInteger('bytesMax', settled.bytesMax, 1, Number.MAX_SAFE_INTEGER)
  checkInteger('filesMax', settled.filesMax, 1, 10_000)
  checkInteger('entriesMax', settled.entriesMax, 1, 10_000_000)
  checkInteger('charactersMax', settled.charactersMax, 1, Number.MAX_SAFE_INTEGER)
  const found = await stat(settled.file).catch(() => undefined)
  // What is rotated has to be a file: renaming a device or a folder would take it away from everybody.
  if (found !== undefined && !found.isFile())
    throw new EnneadError('BAD_OPTION', `the operation log ${settled.file} must be a file`)
  const file = new RotatingFile(settled.file, settled)
  try {
    await file.look()
  } catch (cause) {
    throw new EnneadError('BAD_OPTION', `the operation log ${settled.file} cannot be written`, { cause })
  }
  return new OperationLog(settled, file)
}

/** Counts which client sends which operation, and writes the counts from time to time in the form of `LogEntry`. */
export class OperationLog {
  readonly #options: Settled
  readonly #file: RotatingFile
  #counts: OperationCounts
  /** Operations that the present file has. */
  readonly #documents = new Set<string>()
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()
  #state: 'working' | 'failing' | 'closed' = 'working'

  constructor(options: Settled, file: RotatingFile) {
    this.#options = options
    this.#file = file
    this.#counts = new OperationCounts(options)
    this.#wait()
  }

  /** Counts a request. Takes no time that a client would notice, and never throws. */
  record(operation: PreparedOperation, client: ClientName): void {
    if (this.#state !== 'closed') this.#counts.request(operation, client, this.#options.clock.wall())
  }

  /** Writes what was counted. Never rejects: what cannot be written is kept for the next time, within the limits. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  /** Writes what was counted since the last time, and counts no more. Idempotent. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#timer?.cancel()
    await this.flush()
    this.#state = 'closed'
    const { omitted } = this.#counts
    const requests = [...this.#counts].reduce((sum, count) => sum + count.requests, omitted?.requests ?? 0)
    if (requests > 0) this.#options.log.error('operation-log.lost', { file: this.#options.file, requests })
  }

  #wait(): void {
    this.#timer = this.#options.clock.after(this.#options.everyMs, () => {
      this.#wait()
      void this.flush()
    })
  }

  async #write(): Promise<void> {
    const counts = this.#counts
    this.#counts = new OperationCounts(this.#options)
    const waiting = new Set<OperationCount>(counts)
    let { omitted } = counts
    if (waiting.size === 0 && omitted === undefined) return
    const { file, log } = this.#options
    try {
      if (!(await this.#file.look())) this.#documents.clear()
      if (omitted !== undefined) await this.#appendOmitted(omittedLine(omitted))
      omitted = undefined
      await this.#appendCounts(waiting)
      if (this.#state === 'failing') log.warn('operation-log.writes-again', { file })
      this.#state = 'working'
    } catch (failure) {
      if (this.#state === 'working') log.error('operation-log.not-written', { file, failure })
      this.#state = 'failing'
      for (const count of waiting) this.#counts.add(count)
      if (omitted !== undefined) this.#counts.omit(omitted)
    }
  }

  async #appendOmitted(line: string): Promise<void> {
    if (!this.#file.hasRoomFor(0, Buffer.byteLength(line))) await this.#rotate()
    await this.#file.append(line)
  }

  /** Takes out of `waiting` what is in the file. */
  async #appendCounts(waiting: Set<OperationCount>): Promise<void> {
    let batch = emptyBatch()
    const commit = async (): Promise<void> => {
      if (batch.counts.length === 0) return
      await this.#file.append(batch.lines)
      for (const id of batch.documents) this.#documents.add(id)
      for (const count of batch.counts) waiting.delete(count)
      batch = emptyBatch()
    }
    for (const count of waiting) {
      const id = idOf(count)
      const counted = countLine(id, count)
      const isKnown = (): boolean => this.#documents.has(id) || batch.documents.has(id)
      const lines = (): string => (isKnown() ? counted : documentLine(id, count) + counted)
      if (!this.#file.hasRoomFor(batch.bytes, Buffer.byteLength(lines()))) {
        await commit()
        await this.#rotate()
      }
      // In a new file the operation comes before its first count again.
      const added = lines()
      batch.lines += added
      batch.bytes += Buffer.byteLength(added)
      batch.documents.add(id)
      batch.counts.push(count)
    }
    await commit()
  }

  async #rotate(): Promise<void> {
    await this.#file.rotate()
    this.#documents.clear()
  }
}

interface Batch {
  lines: string
  bytes: number
  readonly documents: Set<string>
  readonly counts: OperationCount[]
}

function emptyBatch(): Batch {
  return { lines: '', bytes: 0, documents: new Set(), counts: [] }
}
