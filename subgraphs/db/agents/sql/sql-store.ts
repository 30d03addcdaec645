import { systemClock } from '../../../../kernel/clock.ts'
import type { Clock } from '../../../../kernel/clock.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import { silentLog } from '../../../../kernel/log.ts'
import type { Log } from '../../../../kernel/log.ts'
import { entriesBehind } from '../../log-order.ts'
import type { SeatChange, StoreAttempt, StoreEngine, TaskStore } from '../../task-store.ts'
import {
  appendStatement,
  factsOf,
  factsStatement,
  headOf,
  headStatement,
  seatOf,
  seatStatement,
} from './append.ts'
import { inspectionOf } from './inspect.ts'
import type { SqlRow, Statement } from './lane.ts'
import { Lanes } from './lanes.ts'
import type { Run } from './lanes.ts'
import { migrate } from './migrate.ts'
import { logEntry, logStatement } from './read-log.ts'
import { reachingStatement, rowsReaching } from './reaching.ts'
import { ListStatements, readStatement, recordOf, recordsByKey, scanStatement } from './read-records.ts'
import { count } from './rows.ts'
import { leasesOn } from './sql-leases.ts'
import { serverAddress } from './server-address.ts'
import type { SqlConnection } from './server-address.ts'

export interface SqlStoreOptions {
  readonly connection: SqlConnection
  /** The schema that holds the tables, made when it is not there: a–z, 0–9 and _, at most 40. Default `ennead`. */
  readonly schema?: string
  /** Connections to the server: one writes, one cancels, the rest read. At least 3. Default 8. */
  readonly connectionsMax?: number
  /** Milliseconds until a connection must be ready. Default 5,000. */
  readonly connectTimeoutMs?: number
  /** Milliseconds after which the server ends a statement by itself. Default 30,000. */
  readonly statementTimeoutMs?: number
  /** Said in parentheses behind the server's version in `detail`, e.g. `embedded`. Default nothing. */
  readonly detailSuffix?: string
  readonly log?: Log
  readonly clock?: Clock
}

const defaults = {
  schema: 'ennead',
  connectionsMax: 8,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 30_000,
  log: silentLog,
  clock: systemClock,
} as const

/** How often a write is decided anew because another process had written meanwhile. Each time, one of them succeeded. */
const roundsMax = 50
/** Receipts forgotten in one statement, so that none holds up the writer for long. */
const forgetMax = 5_000

type Parts = Required<Omit<SqlStoreOptions, 'detailSuffix'>>

/**
 * Opens a store behind the TaskStore port on a PostgreSQL server and brings its schema to this version's. Rejects with
 * UNAVAILABLE, naming host and port or the socket, when the server cannot be reached in `connectTimeoutMs`; the caller
 * decides when to try again. Once open, it outlives any failure of the server: operations fail while it is away and
 * succeed again when it is back. Rejects with STORE_TOO_NEW for a schema of a newer Ennead.
 */
export async function openSqlStore(options: SqlStoreOptions): Promise<StoreEngine> {
  const parts = { ...defaults, ...options }
  check(parts)
  const lanes = new Lanes({ ...parts, address: serverAddress(parts.connection) })
  try {
    const never = new AbortController().signal
    const server = await lanes.write(never, run => migrate(run, parts.schema, parts.log))
    const suffix = options.detailSuffix === undefined ? '' : ` (${options.detailSuffix})`
    const { seat: _seat, vote: _vote, ...following } = operationsOn(lanes)
    return {
      inspection: inspectionOf(lanes),
      leases: leasesOn(lanes),
      // What the server calls durable would not be, so that it could forget what it promised.
      ...(server.durable
        ? { operations: operationsOn(lanes) }
        : { operations: following, learner: 'PostgreSQL runs with fsync or full_page_writes off' }),
      detail: `PostgreSQL ${server.version}${suffix}`,
      close: () => lanes.close(),
    }
  } catch (failure) {
    await lanes.close()
    throw failure
  }
}

function operationsOn(lanes: Lanes): TaskStore {
  const lists = new ListStatements()
  const read = async (statement: Statement, { signal, reach }: StoreAttempt): Promise<readonly SqlRow[]> =>
    reach === undefined
      ? lanes.read(statement, signal)
      : rowsReaching(reach, await lanes.read(reachingStatement(statement), signal))
  return {
    async read(keys, attempt) {
      if (keys.length === 0) return []
      return recordsByKey(keys, await read(readStatement(keys), attempt))
    },
    async query(query, attempt) {
      return (await read(lists.list(query), attempt)).map(recordOf)
    },
    async count(query, attempt) {
      const [row = {}] = await read(lists.count(query), attempt)
      return count(row, 'count')
    },
    async scan(scan, { signal }) {
      return (await lanes.read(scanStatement(scan), signal)).map(recordOf)
    },
    async head(_none, { signal }) {
      return headOf(await lanes.read(headStatement, signal))
    },
    async log(wanted, attempt) {
      return (await read(logStatement(wanted), attempt)).map(logEntry)
    },
    async facts(commits, { signal }) {
      return factsOf(await lanes.read(factsStatement(commits), signal))
    },
    async seat(_none, { signal }) {
      return seatOf(await lanes.read(seatStatement, signal))
    },
    vote: (change, { signal }) => lanes.write(signal, run => vote(run, change)),
    absorb: (entries, { signal }) => lanes.write(signal, run => absorbAll(run, entries)),
    forget: (before, { signal }) => lanes.write(signal, run => forgetAll(run, before, signal)),
  }
}

async function vote(run: Run, change: SeatChange): ReturnType<TaskStore['vote']> {
  const { head, apply, next } = change
  const moved = await run(appendStatement(head, apply, change))
  if (moved.length === 0) return { changed: false, ...seatOf(await run(seatStatement)) }
  const last = apply.at(-1)
  const now = last === undefined ? head : { ...last.position, commitId: last.commit.id }
  return { changed: true, state: next, head: now }
}

const absorbAll = (run: Run, entries: Parameters<TaskStore['absorb']>[0]): ReturnType<TaskStore['absorb']> =>
  inRounds(async () => {
    const head = headOf(await run(headStatement))
    const fresh = entriesBehind(head, entries)
    const last = fresh.at(-1)
    if (last === undefined) return { epoch: head.epoch, seq: head.seq }
    const moved = await run(appendStatement(head, fresh))
    return moved.length === 0 ? undefined : last.position
  })

async function forgetAll(run: Run, before: string, signal: AbortSignal): Promise<number> {
  let forgotten = 0
  for (;;) {
    const rows = await run({
      text: `delete from records where kind = 'receipt' and id in (select id from records
        where kind = 'receipt' and expires_at < $1::text order by expires_at limit ${forgetMax}) returning 1`,
      values: [before],
    })
    forgotten += rows.length
    if (rows.length < forgetMax) return forgotten
    signal.throwIfAborted()
  }
}

/** Repeats a round that answers undefined: another process had moved the head between its two statements. */
async function inRounds<T>(round: () => Promise<T | undefined>): Promise<T> {
  for (let number = 1; number <= roundsMax; number++) {
    const result = await round()
    if (result !== undefined) return result
  }
  throw new EnneadError('OVERLOADED', `${roundsMax} times another process changed the log first; try again`)
}

function check(parts: Omit<Parts, 'connection'>): void {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(parts.schema)) {
    throw new EnneadError(
      'BAD_OPTION',
      `schema must be a–z, 0–9 and _ and begin with a letter, at most 40, got "${parts.schema}"`,
    )
  }
  const bounds = {
    connectionsMax: [3, 1_000],
    connectTimeoutMs: [1, 600_000],
    statementTimeoutMs: [1, 86_400_000],
  } as const
  for (const [name, [least, most]] of Object.entries(bounds)) {
    // The keys of `bounds` are options that are numbers.
    const value = parts[name as keyof typeof bounds]
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new EnneadError('BAD_OPTION', `${name} must be an integer from ${least} to ${most}, got ${value}`)
    }
  }
}
