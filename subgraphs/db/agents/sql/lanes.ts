import { sleep } from '../../../../kernel/clock.ts'
import type { Clock } from '../../../../kernel/clock.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import { Lane } from './lane.ts'
import type { LaneOptions, SqlRow, Statement } from './lane.ts'

/** Operations that may wait for a lane; more are refused. */
const waitingMax = 1_000
/** A caller who left often leaves just before the answer; only then is the server told to stop. */
const cancelAfterMs = 10
/** How long a statement nobody waits for may hold its lane before the connection is dropped. */
const abandonedReadMs = 1_000
const abandonedWriteMs = 5_000

interface Waiting {
  readonly take: (lane: Lane) => void
  readonly refuse: (failure: EnneadError) => void
}

/** Lanes of one purpose, each lent to one operation at a time, in the order of asking. */
interface Group {
  readonly idle: Lane[]
  readonly waiting: Set<Waiting>
}

/**
 * The connections of a store: one that writes, so that writes are in order; one that cancels, so that it is free when
 * all others are busy; the rest read.
 */
export class Lanes {
  readonly #all: readonly Lane[]
  readonly #clock: Clock
  readonly #readers: Group
  readonly #writer: Group
  readonly #canceller: Group
  #closed = false

  constructor(options: LaneOptions & { readonly connectionsMax: number; readonly clock: Clock }) {
    this.#clock = options.clock
    this.#all = Array.from({ length: options.connectionsMax }, () => new Lane(options))
    const [writer, canceller, ...readers] = this.#all
    if (writer === undefined || canceller === undefined || readers.length === 0) {
      throw new EnneadError('BAD_OPTION', `connectionsMax must be at least 3, got ${options.connectionsMax}`)
    }
    this.#writer = { idle: [writer], waiting: new Set() }
    this.#canceller = { idle: [canceller], waiting: new Set() }
    this.#readers = { idle: readers, waiting: new Set() }
  }

  /** Runs one statement that reads. When the signal aborts it rejects at once and the server is told to stop. */
  read(statement: Statement, signal: AbortSignal): Promise<readonly SqlRow[]> {
    return this.#lend(this.#readers, signal, lane => this.#exchange(lane, statement, signal))
  }

  /** Lends the one connection that writes to `work`, which runs statements on it one after the other. */
  write<T>(signal: AbortSignal, work: (run: Run) => Promise<T>): Promise<T> {
    return this.#lend(this.#writer, signal, lane =>
      work(statement => this.#exchange(lane, statement, signal)),
    )
  }

  /** Refuses what waits, gives what runs up to a second, then drops every connection. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { waiting } of [this.#writer, this.#readers, this.#canceller]) {
      for (const entry of waiting) entry.refuse(closedFailure())
      waiting.clear()
    }
    const quiet = Promise.all(this.#all.map(lane => lane.quiet()))
    await Promise.race([quiet, sleep(this.#clock, abandonedReadMs)])
    await Promise.all(this.#all.map(lane => lane.close()))
  }

  async #lend<T>(group: Group, signal: AbortSignal, work: (lane: Lane) => Promise<T>): Promise<T> {
    const lane = await this.#acquire(group, signal)
    try {
      return await work(lane)
    } finally {
      // A statement whose caller has left still holds the lane.
      void lane.quiet().then(() => this.#release(group, lane))
    }
  }

  #acquire(group: Group, signal: AbortSignal): Promise<Lane> {
    signal.throwIfAborted()
    if (this.#closed) throw closedFailure()
    const lane = group.idle.pop()
    if (lane !== undefined) return Promise.resolve(lane)
    if (group.waiting.size >= waitingMax) {
      throw new EnneadError('OVERLOADED', `${waitingMax} operations wait for a connection to PostgreSQL`)
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        group.waiting.delete(entry)
        reject(signal.reason)
      }
      const entry: Waiting = {
        take: freed => {
          signal.removeEventListener('abort', leave)
          resolve(freed)
        },
        refuse: failure => {
          signal.removeEventListener('abort', leave)
          reject(failure)
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      group.waiting.add(entry)
    })
  }

  #release(group: Group, lane: Lane): void {
    const [next] = group.waiting
    if (next === undefined) {
      group.idle.push(lane)
      return
    }
    group.waiting.delete(next)
    next.take(lane)
  }

  #exchange(lane: Lane, statement: Statement, signal: AbortSignal): Promise<readonly SqlRow[]> {
    return new Promise((resolve, reject) => {
      let answered = false
      const leave = (): void => {
        reject(lane.writing ? abandonedWrite(signal.reason) : signal.reason)
        void this.#stop(lane, statement, () => answered)
      }
      signal.addEventListener('abort', leave, { once: true })
      void lane
        .run(statement, signal)
        .then(resolve, reject)
        .finally(() => {
          answered = true
          signal.removeEventListener('abort', leave)
        })
    })
  }

  /**
   * Frees a lane whose caller has left. A write is never cancelled: that would not say what happened, and a change
   * that is always cancelled before it is done never gets done, while one that ends unseen answers its repetition.
   */
  async #stop(lane: Lane, statement: Statement, answered: () => boolean): Promise<void> {
    const write = statement.write === true
    const ended = lane.quiet()
    await Promise.race([ended, sleep(this.#clock, cancelAfterMs)])
    if (answered()) return
    if (!write && lane.pid !== undefined) void this.#cancel(lane.pid)
    await Promise.race([ended, sleep(this.#clock, write ? abandonedWriteMs : abandonedReadMs)])
    if (!answered()) lane.drop()
  }

  async #cancel(pid: number): Promise<void> {
    const signal = AbortSignal.timeout(abandonedReadMs)
    try {
      await this.#lend(this.#canceller, signal, lane =>
        lane.run({ text: 'select pg_cancel_backend($1::int)', values: [pid] }, signal),
      )
    } catch {
      // The server cannot be asked; the lane is dropped when its statement does not end by itself.
    }
  }
}

/** Runs one statement on the connection that was lent. */
export type Run = (statement: Statement) => Promise<readonly SqlRow[]>

function closedFailure(): EnneadError {
  return new EnneadError('UNAVAILABLE', 'the PostgreSQL store is closed')
}

function abandonedWrite(reason: unknown): EnneadError {
  return new EnneadError(
    'UNKNOWN_COMMIT_OUTCOME',
    'the time for a change was used up while it was being written; it may or may not have happened',
    { cause: reason },
  )
}
