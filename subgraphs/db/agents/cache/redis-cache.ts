import { EnneadError } from '../../../../kernel/errors.ts'
import type { Log } from '../../../../kernel/log.ts'
import { emptyHead, entriesBehind, gap, diverged, requireReach } from '../../log-order.ts'
import type { StoredRecord } from '../../record.ts'
import type { StoreInspection } from '../../store-inspection.ts'
import type {
  LogEntry,
  LogHead,
  LogRead,
  Position,
  RecordKey,
  SeatChange,
  SeatReading,
  StoreAttempt,
  StoreEngine,
} from '../../task-store.ts'
import { addressOf } from '../../commit-batch.ts'
import { inspectionOf } from './redis-inspect.ts'
import { RedisConnection } from './redis-connection.ts'
import { evaluate } from './redis-evaluate.ts'
import { partsOf, readingOf, takeWanted } from './redis-entry.ts'
import { stampRedis } from './redis-layout.ts'
import { ageOf, recordIn, valueOf } from './redis-value.ts'
import {
  absorbScript,
  fillScript,
  forgetScript,
  headScript,
  logScript,
  readScript,
  seatScript,
  voteScript,
} from './redis-scripts.ts'

export interface RedisCacheOptions {
  /** `redis://user:password@host:port/db` or `rediss://…` */
  readonly url: string
  /** Begins the names of all keys, in a hash tag; without braces. */
  readonly prefix: string
  /** Records kept; the one not changed for longest goes first. At least 1. Default 200,000. */
  readonly recordsMax?: number
  /** Entries of the change log kept; the oldest goes first. At least 1. Default 10,000. */
  readonly logMax?: number
  /** Milliseconds until a connection must be ready. At least 1. Default 5,000. */
  readonly connectTimeoutMs?: number
  readonly log: Log
}

const defaults = { recordsMax: 200_000, logMax: 10_000, connectTimeoutMs: 5_000 } as const

/** Sizes of one script call, so that none holds Redis up for long. */
const readMax = 1_000
const entriesMax = 100
const logChunk = 250

/**
 * A store in Redis that follows the log, shared by all processes. It answers reads of what it holds, and refuses others with
 * OVERLOADED ("not cached"); those it is brought then. A Redis that was emptied, evicted or is only partly there is filled anew. Rejects
 * with UNAVAILABLE when Redis cannot be reached; later breaks of the connection heal by themselves.
 */
export async function openRedisCache(options: RedisCacheOptions): Promise<StoreEngine> {
  const { url, prefix, recordsMax, logMax, connectTimeoutMs, log } = { ...defaults, ...options }
  requirePositive({ recordsMax, logMax, connectTimeoutMs })
  if (!/^[^{}\s]{1,100}$/.test(prefix)) {
    throw new EnneadError(
      'BAD_OPTION',
      `prefix must be 1 to 100 characters without braces, got ${JSON.stringify(prefix)}`,
    )
  }
  const connection = await RedisConnection.open({ url, connectTimeoutMs, log })
  try {
    await stampRedis(connection, prefix)
  } catch (failure) {
    connection.close()
    throw failure
  }
  const cache = new RedisCache(connection, prefix, recordsMax, logMax)
  return {
    detail: connection.detail,
    inspection: cache.inspection,
    fill: (records, seq, signal) => cache.fill(records, seq, signal),
    ...(connection.whyNoVote === undefined ? {} : { learner: connection.whyNoVote }),
    operations: {
      ...(connection.whyNoVote === undefined
        ? {
            seat: (_input, { signal }) => cache.seat(signal),
            vote: (change, { signal }) => cache.vote(change, signal),
          }
        : {}),
      read: (keys, attempt) => cache.read(keys, attempt),
      head: (_input, { signal }) => cache.head(signal),
      log: (read, attempt) => cache.log(read, attempt),
      absorb: (entries, { signal }) => cache.absorb(entries, signal),
      forget: (before, { signal }) => cache.forget(before, signal),
    },
    close: async () => connection.close(),
  }
}

/** Refuses to answer what a cache cannot know; another agent is asked, and nobody is blamed. */
function notCached(what: string): EnneadError {
  return new EnneadError('OVERLOADED', `not cached: ${what}`)
}

function requirePositive(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (Number.isSafeInteger(value) && value >= 1) continue
    throw new EnneadError('BAD_OPTION', `${name} must be an integer >= 1, got ${value}`)
  }
}

class RedisCache {
  readonly #connection: RedisConnection
  readonly #keys: readonly string[]
  readonly #recordsMax: number
  readonly #logMax: number

  constructor(connection: RedisConnection, prefix: string, recordsMax: number, logMax: number) {
    this.#connection = connection
    this.#keys = ['head', 'records', 'ages', 'log', 'seat'].map(part => `{${prefix}}:${part}`)
    this.#recordsMax = recordsMax
    this.#logMax = logMax
  }

  get inspection(): StoreInspection {
    const [, records = ''] = this.#keys
    return inspectionOf(this.#connection, records, (script, parts, signal) =>
      this.#script(script, parts, signal),
    )
  }

  async head(signal: AbortSignal): Promise<LogHead> {
    // The answers of scripts are what redis-scripts.ts says they are; so below.
    const [epoch, seq, commitId] = (await this.#script(headScript, [], signal)) as string[]
    if (epoch === undefined || commitId === undefined) return emptyHead
    return { epoch, seq: Number(seq), commitId }
  }

  async read(
    keys: readonly RecordKey[],
    { signal, reach }: StoreAttempt,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    signal.throwIfAborted()
    const found: (StoredRecord | undefined)[] = []
    for (let from = 0; from < keys.length; from += readMax) {
      const some = keys.slice(from, from + readMax)
      const addresses = some.map(({ kind, id }) => `${kind}/${id}`)
      const [seq = 0, complete, values] = (await this.#script(readScript, addresses, signal)) as [
        number?,
        string?,
        (string | null)[]?,
      ]
      requireReach('Redis', seq, reach)
      if (values === undefined) throw notCached('anything')
      for (const [index, value] of values.entries()) {
        if (value === null && complete !== '1') throw notCached(addresses[index] ?? '')
        found.push(value === null ? undefined : recordIn(value))
      }
    }
    return found
  }

  async log(read: LogRead, { signal, reach }: StoreAttempt): Promise<readonly LogEntry[]> {
    if (read.newestFirst === true) return this.#backwards(read, signal, reach)
    const found: LogEntry[] = []
    for (let at = read.afterSeq + 1; ; at += logChunk) {
      const { seq, first, entries } = await this.#logChunk(at, at + logChunk - 1, signal)
      requireReach('Redis', seq, reach)
      if (at < first || at > seq + 1) throw notCached(`the log behind ${at - 1}`)
      if (takeWanted(entries, read, found) || at + logChunk > seq) return found
    }
  }

  async #backwards(read: LogRead, signal: AbortSignal, reach?: number): Promise<readonly LogEntry[]> {
    const found: LogEntry[] = []
    const { seq: end } = await this.head(signal)
    requireReach('Redis', end, reach)
    if (end === 0) throw notCached('the log')
    for (let at = read.afterSeq === 0 ? end : read.afterSeq - 1; at > 0; at -= logChunk) {
      const { seq, first, entries } = await this.#logChunk(at - logChunk + 1, at, signal)
      if (at > seq) throw notCached(`the log behind ${seq}`)
      if (takeWanted(entries.reverse(), read, found)) return found
      if (Math.max(at - logChunk + 1, 1) < first) throw notCached(`the log before ${first}`)
    }
    return found
  }

  async absorb(entries: readonly LogEntry[], signal: AbortSignal): Promise<Position> {
    // Order and epoch among the entries; how they follow what Redis holds is decided there.
    const [first] = entries
    if (first === undefined) return positionOf(await this.head(signal))
    const before = { epoch: first.position.epoch, seq: first.position.seq - 1, commitId: '' }
    const ordered = entriesBehind(before, entries)
    let position: Position = before
    for (let from = 0; from < ordered.length; from += entriesMax) {
      const some = ordered.slice(from, from + entriesMax)
      const seq = first.position.seq + from
      const parts = [this.#recordsMax, this.#logMax, first.position.epoch, seq, ...some.flatMap(partsOf)]
      const [outcome, epoch, head] = (await this.#script(absorbScript, parts, signal)) as [
        string,
        string,
        string,
      ]
      position = { epoch, seq: Number(head) }
      if (outcome === 'gap') throw gap(position.seq, seq)
      if (outcome === 'diverged') throw diverged(position, first.position)
    }
    return position
  }

  async fill(records: readonly StoredRecord[], seq: number, signal: AbortSignal): Promise<void> {
    const puts = records.flatMap(one => [addressOf(one), ageOf(one), valueOf(one)])
    if (puts.length > 0) await this.#script(fillScript, [this.#recordsMax, seq, ...puts], signal)
  }

  async seat(signal: AbortSignal): Promise<SeatReading> {
    await this.#connection.requireMemory()
    return readingOf(await this.#script(seatScript, [], signal))
  }

  async vote(
    { turn, head, next, apply }: SeatChange,
    signal: AbortSignal,
  ): Promise<SeatReading & { readonly changed: boolean }> {
    await this.#connection.requireMemory()
    // A script must not hold Redis up for long; what does not fit into this one is taken over before.
    const early = apply.slice(0, -entriesMax)
    if (early.length > 0) await this.absorb(early, signal)
    const rest = apply.slice(-entriesMax)
    const from = early.at(-1) ?? { position: head, commit: { id: head.commitId } }
    const [first] = rest
    const entries =
      first === undefined
        ? []
        : [this.#recordsMax, this.#logMax, first.position.epoch, first.position.seq, ...rest.flatMap(partsOf)]
    const parts = [turn, from.position.seq, from.commit.id, next.turn, JSON.stringify(next), ...entries]
    const answer = await this.#script(voteScript, parts, signal)
    // The script's first word.
    const changed = (answer as readonly string[])[0] === '1'
    return { changed, ...readingOf(answer) }
  }

  async forget(before: string, signal: AbortSignal): Promise<number> {
    const records = this.#keys[1] ?? ''
    let forgotten = 0
    let cursor = '0'
    do {
      const [next, fields] = await this.#connection.run(signal, client =>
        client.hscan(records, cursor, 'MATCH', 'receipt/*', 'COUNT', 1_000),
      )
      const expired: string[] = []
      for (let index = 0; index + 1 < fields.length; index += 2) {
        const value = fields[index + 1] ?? ''
        // Only absorb writes values, and these are of receipts.
        const record = JSON.parse(value.slice(value.indexOf('|') + 1)) as StoredRecord
        if (record.kind === 'receipt' && record.expiresAt < before) expired.push(fields[index] ?? '')
      }
      if (expired.length > 0) forgotten += Number(await this.#script(forgetScript, expired, signal))
      cursor = next
    } while (cursor !== '0')
    return forgotten
  }

  async #logChunk(from: number, to: number, signal: AbortSignal) {
    const answer = await this.#script(logScript, [from, to], signal)
    const [seq, first, entries] = answer as [number?, number?, string[]?]
    if (seq === undefined || first === undefined || entries === undefined) throw notCached('the log')
    return { seq, first, entries: entries.map(entry => JSON.parse(entry) as LogEntry) }
  }

  #script(script: string, parts: readonly (string | number)[], signal: AbortSignal): Promise<unknown> {
    return this.#connection.run(signal, client => evaluate(client, script, this.#keys, parts))
  }
}

function positionOf({ epoch, seq }: Position): Position {
  return { epoch, seq }
}
