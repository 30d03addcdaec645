import { EnneadError } from '../../../../kernel/errors.ts'
import { emptyHead, entriesBehind, isWanted, type LogHead } from '../../log-order.ts'
import type { StoredRecord } from '../../record.ts'
import type { LogEntry, LogRead, Position, RecordKey, StoreEngine } from '../../task-store.ts'

export interface MemoryCacheOptions {
  /** Records kept; the one not used for longest goes first. At least 1. Default 50,000. */
  readonly recordsMax?: number
  /** Entries of the change log kept; the oldest goes first. At least 1. Default 10,000. */
  readonly logMax?: number
}

const defaults = { recordsMax: 50_000, logMax: 10_000 } as const

/**
 * A store in this process that follows another's log: answers reads of what it holds, and refuses with OVERLOADED
 * ("not cached") what only a complete store can know. Empty after every start.
 */
export function openMemoryCache(options: MemoryCacheOptions = {}): StoreEngine {
  const { recordsMax, logMax } = { ...defaults, ...options }
  requirePositive('recordsMax', recordsMax)
  requirePositive('logMax', logMax)
  const cache = new MemoryCache(recordsMax, logMax)
  return {
    detail: 'in process',
    operations: {
      read: async (keys, attempt) => {
        attempt.signal.throwIfAborted()
        return cache.read(keys)
      },
      head: async (_input, attempt) => {
        attempt.signal.throwIfAborted()
        return cache.head
      },
      log: async (read, attempt) => {
        attempt.signal.throwIfAborted()
        return cache.log(read)
      },
      absorb: async (entries, attempt) => {
        attempt.signal.throwIfAborted()
        return cache.absorb(entries)
      },
      forget: async (before, attempt) => {
        attempt.signal.throwIfAborted()
        return cache.forget(before)
      },
    },
    close: async () => {
      cache.clear()
    },
  }
}

/** Refuses to answer what a cache cannot know; another agent is asked, and nobody is blamed. */
export function notCached(what: string): EnneadError {
  return new EnneadError('OVERLOADED', `not cached: ${what}`)
}

export function requirePositive(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new EnneadError('BAD_OPTION', `${name} must be an integer >= 1, got ${value}`)
  }
}

class MemoryCache {
  readonly #recordsMax: number
  readonly #logMax: number
  /** By kind and id; the least recently used first. */
  readonly #records = new Map<string, StoredRecord>()
  /** The newest entries without a gap; the last one is the head. */
  #log: LogEntry[] = []
  #head: LogHead = emptyHead
  /** Holds every record of the log since its first entry, so that what is not here does not exist. */
  #complete = false

  constructor(recordsMax: number, logMax: number) {
    this.#recordsMax = recordsMax
    this.#logMax = logMax
  }

  get head(): LogHead {
    return this.#head
  }

  read(keys: readonly RecordKey[]): readonly (StoredRecord | undefined)[] {
    return keys.map(key => {
      const address = `${key.kind}/${key.id}`
      const record = this.#records.get(address)
      if (record === undefined) {
        if (!this.#complete) throw notCached(`${key.kind} "${key.id}"`)
        return undefined
      }
      // A Map keeps the order of insertion: what was used goes to its end.
      this.#records.delete(address)
      this.#records.set(address, record)
      return record
    })
  }

  log(read: LogRead): readonly LogEntry[] {
    const first = this.#head.seq - this.#log.length + 1
    const found: LogEntry[] = []
    // What is behind the own head may exist, and an empty cache knows of no log at all.
    if (this.#head.seq === 0 || read.afterSeq > this.#head.seq + (read.newestFirst === true ? 1 : 0)) {
      throw notCached(`the log behind ${this.#head.seq}`)
    }
    if (read.newestFirst === true) {
      const from = read.afterSeq === 0 ? this.#head.seq : read.afterSeq - 1
      for (let seq = from; seq >= first && found.length < read.limit; seq--)
        this.#take(seq - first, read, found)
      if (found.length < read.limit && first > 1 && from > 0) throw notCached(`the log before ${first}`)
      return found
    }
    if (read.afterSeq + 1 < first) throw notCached(`the log before ${first}`)
    for (let seq = read.afterSeq + 1; seq <= this.#head.seq && found.length < read.limit; seq++) {
      this.#take(seq - first, read, found)
    }
    return found
  }

  absorb(entries: readonly LogEntry[]): Position {
    for (const entry of entriesBehind(this.#head, entries)) {
      if (entry.position.seq === 1) this.#complete = true
      this.#head = { ...entry.position, commitId: entry.commit.id }
      this.#log.push(entry)
      for (const record of entry.commit.puts) this.#put(record)
    }
    // Half a log more than asked is kept for a while, so that cutting costs little an entry.
    if (this.#log.length > this.#logMax * 1.5) this.#log = this.#log.slice(-this.#logMax)
    return { epoch: this.#head.epoch, seq: this.#head.seq }
  }

  forget(before: string): number {
    let forgotten = 0
    for (const [address, record] of this.#records) {
      if (record.kind !== 'receipt' || record.expiresAt >= before) continue
      this.#records.delete(address)
      forgotten++
    }
    return forgotten
  }

  clear(): void {
    this.#records.clear()
    this.#log = []
    this.#head = emptyHead
    this.#complete = false
  }

  #take(index: number, read: LogRead, found: LogEntry[]): void {
    const entry = this.#log[index]
    if (entry !== undefined && isWanted(entry, read)) found.push(entry)
  }

  #put(record: StoredRecord): void {
    const address = `${record.kind}/${record.id}`
    const held = this.#records.get(address)
    if (held !== undefined && held.version >= record.version) return
    this.#records.delete(address)
    this.#records.set(address, record)
    if (this.#records.size <= this.#recordsMax) return
    const [oldest] = this.#records.keys()
    if (oldest !== undefined) this.#records.delete(oldest)
    this.#complete = false
  }
}
