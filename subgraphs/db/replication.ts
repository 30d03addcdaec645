import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { EngineKeeper, type KeeperLimits } from './engine-keeper.ts'
import { type EngineSlot, headOf } from './engine-slot.ts'
import { Follower } from './follower.ts'
import type { Frontier } from './frontier.ts'
import { type ReadLog, diverged, sameHistory } from './history.ts'
import type { RecentLog } from './recent-log.ts'
import type { LogHead } from './task-store.ts'

export interface ReplicationParts {
  readonly slots: readonly EngineSlot[]
  readonly frontier: Frontier
  readonly recent: RecentLog
  /** Reads the log from any store that stands at the frontier. */
  readonly readLog: ReadLog
  /** Asks an engine where its log ends, and sees to its seat on the way. */
  readonly look: (slot: EngineSlot, ms: number) => Promise<LogHead>
  /** Is told each time an engine has answered its keeper. */
  readonly answered: (slot: EngineSlot) => void
  /** Does the next proposal bring what this store lacks? */
  readonly isCarried: (slot: EngineSlot) => boolean
  readonly clock: Clock
  readonly log: Log
  readonly limits: KeeperLimits
}

/** Failures of a store at start that time does not heal. */
const lasting = new Set([
  'BAD_OPTION',
  'DATA_FOLDER_UNREADABLE',
  'DATA_FOLDER_IN_USE',
  'DATA_FOLDER_CORRUPT',
  'STORE_TOO_NEW',
])

/** The longest a write that has been chosen waits for a store to take it over. Milliseconds. */
const heldMsMax = 2_000

/** What takes part in the domain besides the slot itself. */
interface Care {
  readonly slot: EngineSlot
  readonly keeper: EngineKeeper
  readonly follower: Follower
}

/**
 * Keeps every engine open and at the end of the log.
 *
 * What holds at any moment:
 * - every store's log is a beginning of the one chosen log, because it only takes over chosen entries in order and without
 *   a gap, with its votes (quorum/) or here;
 * - a store answers reads only while its log reaches the frontier, the newest entry this process knows of, so a read that
 *   fails over sees every write this process has acknowledged before;
 * - a store joins only after its newest entry was found in the known history, or the known head in its own.
 */
export class Replication {
  readonly #parts: ReplicationParts
  readonly #cares: readonly Care[]
  #admitting: Promise<void> = Promise.resolve()

  constructor(parts: ReplicationParts) {
    this.#parts = parts
    const admit = (slot: EngineSlot): Promise<void> => this.#admit(slot)
    const answered = (slot: EngineSlot, head: LogHead): void => this.#answered(slot, head)
    this.#cares = parts.slots.map(slot => ({
      slot,
      keeper: new EngineKeeper({ ...parts, slot, admit, answered }),
      follower: new Follower({ ...parts, slot }),
    }))
  }

  /** Why a store does not catch up; undefined while it does. */
  failureOf(slot: EngineSlot): string | undefined {
    return this.#cares.find(care => care.slot === slot)?.follower.failure
  }

  /**
   * Opens all engines at once; those that fail are tried again in the background. Throws STORE_DIVERGED when two that
   * opened hold different histories (a cache that does is left out), what the first store said when time does not heal it,
   * and UNAVAILABLE when neither sql nor nosql opened.
   */
  async open(): Promise<void> {
    const { slots, frontier, limits } = this.#parts
    const failures = await Promise.all(this.#cares.map(({ keeper }) => keeper.open()))
    const [first] = failures
    if (first instanceof EnneadError && lasting.has(first.code)) throw first
    for (const { keeper } of await this.#byProgress()) await keeper.join()
    const stores = slots.filter(isStore)
    for (const { phase } of stores) {
      if (phase.is === 'refused') throw new EnneadError('STORE_DIVERGED', phase.why)
    }
    if (stores.every(slot => !slot.admitted)) throw nothingOpened(slots, failures)
    // What is there already is where the first answers come from.
    const near = slots
      .filter(slot => slot.admitted)
      .map(slot => slot.whenAt(frontier.head.seq, limits.openMs))
    await Promise.any(near)
  }

  /** Looks after the engines from now on. */
  begin(): void {
    for (const { keeper } of this.#cares) keeper.begin()
  }

  /**
   * Resolves when a majority of the stores hold the log up to `seq`, or one does and `waitMs` milliseconds have passed: a
   * store that is slow or away must not hold up a write that has been chosen, but some store should show it. When none
   * does for `heldMsMax`, it resolves all the same: reads are of the past then, and say so.
   */
  async whenHeld(seq: number, waitMs: number): Promise<void> {
    const { slots, clock } = this.#parts
    const majority = Math.floor(slots.length / 2) + 1
    await new Promise<void>(resolve => {
      let enough = majority
      const look = (): void => {
        if (slots.filter(slot => slot.seq >= seq).length < enough) return
        timer.cancel()
        for (const leave of leaves) leave()
        resolve()
      }
      let timer = clock.after(waitMs, () => {
        enough = 1
        timer = clock.after(heldMsMax, () => {
          enough = 0
          look()
        })
        look()
      })
      const leaves = slots.map(slot => slot.watch(look))
      look()
    })
  }

  /** Has every store take over what it lacks, but for those which the next proposal brings it. */
  wake(): void {
    for (const { slot, follower } of this.#cares) if (!this.#parts.isCarried(slot)) follower.wake()
  }

  async close(): Promise<void> {
    await Promise.all(this.#cares.map(({ keeper }) => keeper.close()))
    await Promise.all(this.#cares.map(({ follower }) => follower.close()))
  }

  /** Those whose engine is open, stores before the cache and the most advanced first: the others are measured against it. */
  async #byProgress(): Promise<readonly Care[]> {
    const { log, limits } = this.#parts
    const seqs = new Map<Care, number>()
    const look = async (care: Care): Promise<void> => {
      try {
        seqs.set(care, (await headOf(care.slot, limits.openMs)).seq)
      } catch (failure) {
        log.warn('db.engine.silent', { engine: care.slot.name, error: failure })
        await care.keeper.closeEngine('it did not say where its log ends')
      }
    }
    await Promise.all(this.#cares.filter(({ slot }) => slot.phase.is === 'open').map(look))
    return [...seqs]
      .sort(([one, a], [other, b]) => Number(isStore(other.slot)) - Number(isStore(one.slot)) || b - a)
      .map(([care]) => care)
  }

  /** Lets a store take part, one at a time, because each is measured against those before it. */
  #admit(slot: EngineSlot): Promise<void> {
    const admitted = this.#admitting.then(() => this.#admitNow(slot))
    this.#admitting = admitted.catch(() => undefined)
    return admitted
  }

  async #admitNow(slot: EngineSlot): Promise<void> {
    const { slots, frontier, readLog, clock, limits } = this.#parts
    // Before it takes part: see receipt-sweep.ts.
    await slot.direct('forget', new Date(clock.wall()).toISOString(), limits.openMs)
    const head = await headOf(slot, limits.openMs)
    const known = frontier.head
    const mine = { head, log: (read: Parameters<ReadLog>[0]) => slot.direct('log', read, limits.openMs) }
    if (!(await sameHistory(mine, { head: known, log: readLog }))) {
      const holder = slots.find(other => other !== slot && other.admitted) ?? slot
      throw diverged({ slot, head }, { slot: holder, head: known })
    }
    if (slot.learner !== undefined && !isStore(slot) && head.seq > known.seq) {
      throw new EnneadError('UNAVAILABLE', `${slot.name} is ahead of the stores and waits for them`)
    }
    // Only of use until a majority has said what there is.
    const [newest] =
      frontier.confirmed || head.seq === 0
        ? []
        : await mine.log({ afterSeq: Math.max(0, head.seq - 1), limit: 1 })
    slot.admit(head.seq)
    frontier.raise(head, newest === undefined ? undefined : Date.parse(newest.commit.at))
    this.wake()
  }

  /** An engine stands at `head`, which has been chosen: perhaps news of what other processes have written. */
  #answered(slot: EngineSlot, head: LogHead): void {
    const { frontier, answered } = this.#parts
    slot.reached(head.seq, slot.life)
    frontier.raise(head)
    this.wake()
    answered(slot)
  }
}

/** A cache that has no vote follows; what the history is, is not its to say: it may have outlived the stores. */
function isStore({ name }: EngineSlot): boolean {
  return name !== 'cache'
}

function nothingOpened(slots: readonly EngineSlot[], failures: readonly unknown[]): EnneadError {
  const told = slots.map(({ name, phase }) => `${name}: ${phase.is === 'open' ? 'open' : phase.why}`)
  return new EnneadError('UNAVAILABLE', `no store could be opened. ${told.join('; ')}`, {
    cause: new AggregateError(failures),
  })
}
