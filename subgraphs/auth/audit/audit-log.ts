import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { type AuditEvent, type AuditOrigin, firstHash, sealedLine } from './audit-entry.ts'

/** Its name in the domain's folder. */
export const auditFile = 'audit.ndjson'

export interface AuditLogOptions {
  /** Made when it is not there. */
  readonly path: string
  readonly clock: Clock
  readonly log: Log
}

const userAgentMax = 300
/** The last entry is looked for in so much of the end of the file. Entries have a few hundred bytes. */
const tailBytes = 65_536

interface Waiting {
  readonly at: string
  readonly event: AuditEvent & AuditOrigin
  readonly written: () => void
}

/**
 * An append-only file of entries, each bound to the one before it by a hash. What happens at once is written and synced
 * together. A file that cannot be written stops nobody from signing in: how much was lost is the next entry.
 */
export class AuditLog {
  readonly #file: FileHandle
  readonly #clock: Clock
  readonly #log: Log
  #seq: number
  #hash: string
  #lost = 0
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined

  private constructor(file: FileHandle, last: LastEntry, { clock, log }: AuditLogOptions) {
    this.#file = file
    this.#seq = last.seq
    this.#hash = last.hash
    this.#clock = clock
    this.#log = log
  }

  /**
   * Goes on behind the last whole entry; half a line behind it was never acknowledged and is cut off. Rejects with
   * DATA_FOLDER_UNREADABLE.
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { path, log } = options
    let file: FileHandle | undefined
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      file = await open(path, 'a+', 0o600)
      return new AuditLog(file, await lastEntry(file, log), options)
    } catch (cause) {
      await file?.close()
      throw new EnneadError('DATA_FOLDER_UNREADABLE', `the audit log ${path} cannot be opened`, { cause })
    }
  }

  /** Resolves when it is on disk, or known to be lost. Never rejects. */
  append(event: AuditEvent, { address, userAgent }: AuditOrigin = {}): Promise<void> {
    const entry = {
      ...event,
      ...(address === undefined ? {} : { address }),
      ...(userAgent === undefined ? {} : { userAgent: userAgent.slice(0, userAgentMax) }),
    }
    const at = new Date(this.#clock.wall()).toISOString()
    return new Promise(written => {
      this.#waiting.push({ at, event: entry, written })
      this.#writing ??= this.#write()
    })
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
  }

  async #write(): Promise<void> {
    // What is added in this turn of the loop goes to disk together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      await this.#writeBatch(batch)
      for (const { written } of batch) written()
    }
    this.#writing = undefined
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const { text, seq, hash } = this.#sealed(batch)
    let size: number | undefined
    try {
      size = (await this.#file.stat()).size
      await this.#file.appendFile(text)
      await this.#file.datasync()
      this.#seq = seq
      this.#hash = hash
      this.#lost = 0
    } catch (failure) {
      this.#lost += batch.length
      this.#log.error('auth.audit.failed', { lost: this.#lost, failure })
      // Half of it may be there; the next entry has to follow on the last whole one.
      if (size !== undefined) await this.#file.truncate(size).catch(() => undefined)
    }
  }

  #sealed(batch: readonly Waiting[]): { readonly text: string } & LastEntry {
    let [seq, hash, text] = [this.#seq, this.#hash, '']
    const add = (at: string, event: AuditEvent & AuditOrigin): void => {
      const sealed = sealedLine({ seq: ++seq, at, ...event }, hash)
      hash = sealed.hash
      text += sealed.line
    }
    const [first] = batch
    if (this.#lost > 0 && first !== undefined) add(first.at, { kind: 'ENTRIES_LOST', count: this.#lost })
    for (const { at, event } of batch) add(at, event)
    return { text, seq, hash }
  }
}

interface LastEntry {
  readonly seq: number
  readonly hash: string
}

async function lastEntry(file: FileHandle, log: Log): Promise<LastEntry> {
  const { size } = await file.stat()
  const length = Math.min(size, tailBytes)
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
  const end = buffer.lastIndexOf(0x0a) + 1
  if (end < length) await file.truncate(size - (length - end))
  const line =
    buffer
      .subarray(0, Math.max(0, end - 1))
      .toString()
      .split('\n')
      .at(-1) ?? ''
  if (line === '') return { seq: 0, hash: firstHash }
  try {
    const { seq, hash }: { seq?: unknown; hash?: unknown } = Object(JSON.parse(line))
    if (Number.isSafeInteger(seq) && typeof hash === 'string') return { seq: Number(seq), hash }
  } catch {
    // Told below, with the other ways to be no entry.
  }
  log.error('auth.audit.broken', { why: 'the last line is no entry; `ennead audit verify` says more' })
  return { seq: 0, hash: firstHash }
}
