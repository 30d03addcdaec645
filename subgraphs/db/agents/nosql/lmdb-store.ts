import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EnneadError } from '../../../../kernel/errors.ts'
import { written } from '../../../../kernel/lmdb-failure.ts'
import type { Log } from '../../../../kernel/log.ts'
import { emptyHead, entriesBehind, isWanted, requireReach } from '../../log-order.ts'
import { type StoredRecord, isNewer } from '../../record.ts'
import type {
  Commit,
  CommitFacts,
  LogEntry,
  LogHead,
  LogRead,
  Position,
  SeatChange,
  SeatReading,
  SeatState,
  StoreEngine,
} from '../../task-store.ts'
import { addressOf } from '../../commit-batch.ts'
import { inspectionOf } from './lmdb-inspect.ts'
import {
  behindAll,
  getRecord,
  openTables,
  putEntry,
  putRecord,
  storedHead,
  storedSeat,
} from './lmdb-layout.ts'
import { fitsKey, type LmdbTables, requireKeys } from './lmdb-layout.ts'
import { countRecords, queryRecords, scanRecords } from './lmdb-query.ts'
import { unknownOutcome, WriteLane } from './write-lane.ts'

export interface LmdbStoreOptions {
  /** Folder of the environment; made when it is missing. One process at a time may have it open. */
  readonly directory: string
  /** Bytes of the data file from which on writes are refused. At least 1 MiB. Default 64 GiB. */
  readonly mapSizeMax?: number
  readonly log: Log
}

const defaults = { mapSizeMax: 64 * 2 ** 30 } as const

/**
 * A whole TaskStore in this process, on LMDB: a commit answers when it is on disk (fdatasync), whole or not at all.
 * Lists are found by scanning a workspace's kind, or by project, parent or task where the condition names one; other
 * work gets a turn in between.
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<StoreEngine> {
  const { directory, mapSizeMax, log } = { ...defaults, ...options }
  if (!Number.isSafeInteger(mapSizeMax) || mapSizeMax < 2 ** 20) {
    throw new EnneadError('BAD_OPTION', `mapSizeMax must be an integer >= ${2 ** 20}, got ${mapSizeMax}`)
  }
  const tables = openTables(directory)
  const store = new LmdbStore(tables, join(directory, 'data.mdb'), mapSizeMax)
  log.debug('db.lmdb.opened', { seq: store.head.seq })
  return {
    detail: 'LMDB (embedded)',
    inspection: inspectionOf(tables, store.lane),
    operations: {
      read: async (keys, { signal, reach }) => {
        signal.throwIfAborted()
        store.requireReach(reach)
        return keys.map(key => getRecord(tables, key))
      },
      query: async (query, { signal, reach }) => {
        store.requireReach(reach)
        return queryRecords(tables, query, signal)
      },
      count: async (query, { signal, reach }) => {
        store.requireReach(reach)
        return countRecords(tables, query, signal)
      },
      scan: async (scan, { signal }) => {
        signal.throwIfAborted()
        return scanRecords(tables, scan)
      },
      facts: async (commits, { signal }) => {
        signal.throwIfAborted()
        return store.facts(commits)
      },
      seat: async (_input, { signal }) => {
        signal.throwIfAborted()
        return store.seat
      },
      vote: async (change, { signal }) => {
        for (const { commit } of change.apply) requireKeys(commit)
        return store.lane.run(signal, () => store.vote(change), unknownOutcome)
      },
      head: async (_input, { signal }) => {
        signal.throwIfAborted()
        return store.head
      },
      log: async (read, { signal, reach }) => {
        signal.throwIfAborted()
        store.requireReach(reach)
        return store.readLog(read)
      },
      absorb: async (entries, { signal }) => {
        for (const { commit } of entries) requireKeys(commit)
        return store.lane.run(signal, () => store.absorb(entries))
      },
      forget: (before, { signal }) => store.lane.run(signal, () => store.forget(before)),
    },
    close: () => store.close(),
  }
}

/** Receipts forgotten in one transaction. */
const forgetMax = 1_000

class LmdbStore {
  readonly lane = new WriteLane()
  readonly #tables: LmdbTables
  readonly #file: string
  readonly #bytesMax: number
  /** The seat as this process, the only one on this folder, wrote it last: it holds a batch, and is asked for twice a vote. */
  #seat: SeatState | undefined

  constructor(tables: LmdbTables, file: string, bytesMax: number) {
    this.#tables = tables
    this.#file = file
    this.#bytesMax = bytesMax
  }

  get head(): LogHead {
    return storedHead(this.#tables) ?? emptyHead
  }

  /** As of `StoreAttempt.reach`. */
  requireReach(reach: number | undefined): void {
    if (reach !== undefined) requireReach('LMDB', this.head.seq, reach)
  }

  get seat(): SeatReading {
    return { state: (this.#seat ??= storedSeat(this.#tables)), head: this.head }
  }

  facts(commits: readonly Commit[]): CommitFacts {
    const tables = this.#tables
    const positions = new Map<string, Position>()
    const versions = new Map<string, number>()
    for (const { id, expects } of commits) {
      const position = fitsKey(id) ? tables.commits.get(id) : undefined
      if (position !== undefined) positions.set(id, position)
      for (const key of expects) versions.set(addressOf(key), getRecord(tables, key)?.version ?? 0)
    }
    return { head: this.head, positions, versions }
  }

  async vote({ turn, head, next, apply }: SeatChange): Promise<SeatReading & { readonly changed: boolean }> {
    const { state = { turn: 0 }, head: here } = this.seat
    const changed = state.turn === turn && here.seq === head.seq && here.commitId === head.commitId
    if (changed) await this.#write(apply, next)
    return { changed, ...this.seat }
  }

  async absorb(entries: readonly LogEntry[]): Promise<Position> {
    const fresh = entriesBehind(this.head, entries)
    await this.#write(fresh)
    const { epoch, seq } = this.head
    return { epoch, seq }
  }

  async forget(before: string): Promise<number> {
    const tables = this.#tables
    let forgotten = 0
    for (;;) {
      const keys = [...tables.expiry.getKeys({ end: [before, ''], limit: forgetMax })]
      if (keys.length === 0) return forgotten
      const workspaces = keys.map(key => tables.expiry.get(key))
      const batch = tables.root.batch(() => {
        for (const [index, key] of keys.entries()) {
          const id = key[1]
          void tables.expiry.remove(key)
          void tables.places.remove(['receipt', id])
          void tables.records.remove(['receipt', workspaces[index] ?? '', id])
        }
      })
      await written(batch)
      forgotten += keys.length
    }
  }

  readLog(read: LogRead): readonly LogEntry[] {
    const newestFirst = read.newestFirst === true
    const from = newestFirst ? (read.afterSeq === 0 ? Infinity : read.afterSeq - 1) : read.afterSeq + 1
    const { log, events } = this.#tables
    const scope = scopeOf(read)
    if (scope === undefined) {
      const range = newestFirst ? { start: from, end: 0, reverse: true } : { start: from }
      return [...log.getRange({ ...range, limit: read.limit })].map(({ value }) => value)
    }
    const bound = newestFirst
      ? { start: [...scope, from], end: [...scope, 0], reverse: true }
      : { start: [...scope, from], end: [...scope, behindAll] }
    const found: LogEntry[] = []
    if (!fitsKey(scope[1])) return found
    for (const key of events.getKeys(bound)) {
      const entry = log.get(key[2])
      if (entry !== undefined && isWanted(entry, read)) found.push(entry)
      if (found.length === read.limit) break
    }
    return found
  }

  async close(): Promise<void> {
    // Waits for the write that runs; what comes later finds the database closed.
    await this.lane.run(new AbortController().signal, () => this.#tables.root.close())
  }

  /** Appends entries, puts their records, and the seat if one is given, in one durable transaction. */
  async #write(entries: readonly LogEntry[], seat?: SeatState): Promise<void> {
    const first = entries[0]
    if (first === undefined && seat === undefined) return
    await this.#requireRoom()
    const tables = this.#tables
    const changes = new Map<string, { before: StoredRecord | undefined; after: StoredRecord }>()
    for (const { commit } of entries) {
      for (const record of commit.puts) {
        const address = addressOf(record)
        const known = changes.get(address)
        const before = known === undefined ? getRecord(tables, record) : known.before
        if (isNewer(record, known?.after ?? before)) {
          changes.set(address, { before, after: record })
        }
      }
    }
    // The condition makes a second process on this folder, which must not be, fail instead of forking the log.
    const batch = tables.log.ifNoExists(first?.position.seq ?? 0, () => {
      if (seat !== undefined) void tables.meta.put('seat', seat)
      for (const entry of entries) putEntry(tables, entry)
      for (const { before, after } of changes.values()) putRecord(tables, before, after)
    })
    const isOurs = await written(batch).catch((cause: unknown) => {
      if (seat !== undefined) this.#seat = undefined
      throw cause instanceof EnneadError ? cause : unknownOutcome(cause)
    })
    if (isOurs && seat !== undefined) this.#seat = seat
    if (!isOurs) throw new EnneadError('UNAVAILABLE', 'another process writes to this record store')
  }

  async #requireRoom(): Promise<void> {
    const { size } = await stat(this.#file)
    if (size >= this.#bytesMax) {
      throw new EnneadError(
        'UNAVAILABLE',
        `the record store has reached its limit of ${this.#bytesMax} bytes`,
      )
    }
  }
}

/** The narrowest filter, as a key of `events`. */
function scopeOf(read: LogRead): [string, string] | undefined {
  if (read.taskId !== undefined) return ['task', read.taskId]
  if (read.projectId !== undefined) return ['project', read.projectId]
  return read.workspaceId === undefined ? undefined : ['workspace', read.workspaceId]
}
