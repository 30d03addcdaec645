import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { EngineKeeper, type KeeperLimits } from './engine-keeper.ts'
import { type EngineSlot, headOf } from './engine-slot.ts'
import { Follower } from './follower.ts'
import type { Frontier, Head } from './frontier.ts'
import { type ReadLog, diverged, sameHistory } from './history.ts'
import type { LogEntry } from './task-store.ts'

export interface ReplicationParts {
  readonly slots: readonly EngineSlot[]
  /** The slot that takes commits; one of `slots`. */
  readonly primary: EngineSlot
  readonly frontier: Frontier
  /** Reads the log from any store that stands at the frontier. */
  readonly readLog: ReadLog
  /** Is told each time an engine has answered its keeper. */
  readonly answered: (slot: EngineSlot) => void
  readonly clock: Clock
  readonly log: Log
  readonly limits: KeeperLimits
}

/** Failures of the writer's store at start that time does not heal. */
const lasting = new Set(['BAD_OPTION', 'DATA_FOLDER_UNREADABLE', 'DATA_FOLDER_IN_USE', 'DATA_FOLDER_CORRUPT'])

/** What takes part in the domain besides the slot itself. */
interface Care {
  readonly slot: EngineSlot
  readonly keeper: EngineKeeper
  readonly follower: Follower
}

/**
 * Keeps every engine open and at the frontier.
 *
 * What holds at any moment:
 * - one store, the primary, takes commits; its log is the history, and only ever grows;
 * - every other store is a prefix of that history, because it only absorbs entries in order and without a gap;
 * - a store answers reads only while its prefix reaches the frontier, the newest entry this process knows of, so a read
 *   that fails over sees every write this process has acknowledged before;
 * - a store joins only after its newest entry was found in the known history (or the known head in its own): it is
 *   then brought to the frontier, whichever it is. A primary that is behind, because it was away or is new, absorbs
 *   from a copy before it takes a commit. A cache only follows.
 *
 * What this does not give: while the primary is away there are no writes, a write the primary acknowledged and lost is
 * only saved when a copy had absorbed it, and two primaries are only noticed when a process opens both. Acknowledging
 * each record by two stores of three, with no primary, will change that; the log and the followers remain its repair.
 */
export class Replication {
  readonly #parts: ReplicationParts
  readonly #cares: readonly Care[]
  #admitting: Promise<void> = Promise.resolve()

  constructor(parts: ReplicationParts) {
    this.#parts = parts
    const admit = (slot: EngineSlot): Promise<void> => this.#admit(slot)
    const answered = (slot: EngineSlot, head: Head, askedAt: number): void =>
      this.#answered(slot, head, askedAt)
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
   * opened hold different histories (a cache that does is left out), what the primary said when time does not heal it,
   * and UNAVAILABLE when neither sql nor nosql opened.
   */
  async open(): Promise<void> {
    const { slots, primary, frontier, limits } = this.#parts
    const failures = await Promise.all(this.#cares.map(({ keeper }) => keeper.open()))
    const ofPrimary = failures[slots.indexOf(primary)]
    if (ofPrimary instanceof EnneadError && lasting.has(ofPrimary.code)) throw ofPrimary
    for (const { keeper } of await this.#byProgress()) await keeper.join()
    const stores = slots.filter(isStore)
    for (const { phase } of stores) {
      if (phase.is === 'refused') throw new EnneadError('STORE_DIVERGED', phase.why)
    }
    if (stores.every(slot => !slot.admitted)) throw nothingOpened(slots, failures)
    if (primary.admitted) await primary.whenAt(frontier.head.seq, limits.openMs)
    for (const { keeper } of this.#cares) keeper.begin()
  }

  /**
   * Hands new entries to all copies; resolves when those that are close hold them, after `waitMs` milliseconds at the
   * latest: a copy that is slow or away must not hold up a write that is durable.
   */
  async handOver(entries: readonly LogEntry[], waitMs: number): Promise<void> {
    const last = entries.at(-1)
    if (last === undefined) return
    const waits: Promise<boolean>[] = []
    for (const { slot, follower } of this.#cares) {
      if (slot === this.#parts.primary) continue
      follower.offer(entries)
      if (follower.isClose) waits.push(slot.whenAt(last.position.seq, waitMs))
    }
    await Promise.all(waits)
  }

  /** Asks the primary where it stands: another process may have written to it. */
  async look(): Promise<void> {
    const { primary, clock, limits } = this.#parts
    const askedAt = clock.now()
    if (primary.current) this.#answered(primary, await headOf(primary, limits.openMs), askedAt)
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
    const { slots, primary, frontier, readLog, clock, limits } = this.#parts
    // Before it absorbs anything: see withoutExpired in follower.ts.
    await slot.direct('forget', new Date(clock.wall()).toISOString(), limits.openMs)
    const askedAt = clock.now()
    const head = await headOf(slot, limits.openMs)
    const known = frontier.head
    const mine = { head, log: (read: Parameters<ReadLog>[0]) => slot.direct('log', read, limits.openMs) }
    if (!(await sameHistory(mine, { head: known, log: readLog }))) {
      const holder = slots.find(other => other !== slot && other.admitted) ?? slot
      throw diverged({ slot, head }, { slot: holder, head: known })
    }
    if (!isStore(slot) && head.seq > known.seq) {
      throw new EnneadError('UNAVAILABLE', `${slot.name} is ahead of the stores and waits for them`)
    }
    // Only of use until the writer's store has said what there is.
    const [newest] = frontier.confirmed
      ? []
      : await mine.log({ afterSeq: Math.max(0, head.seq - 1), limit: 1 })
    slot.admit(head.seq)
    if (slot === primary) frontier.confirm(head, askedAt)
    else frontier.raise(head, newest === undefined ? undefined : Date.parse(newest.commit.at))
    this.#wakeAll()
  }

  /** An engine stands at `head`; of the primary that is news of what other processes have written. */
  #answered(slot: EngineSlot, head: Head, askedAt: number): void {
    const { primary, frontier, answered } = this.#parts
    if (slot === primary && slot.current) {
      slot.reached(head.seq)
      frontier.confirm(head, askedAt)
    }
    this.#wakeAll()
    answered(slot)
  }

  #wakeAll(): void {
    for (const { follower } of this.#cares) follower.wake()
  }
}

/** A cache follows, but what the history is, is not its to say: it may have outlived the stores it was filled from. */
function isStore({ name }: EngineSlot): boolean {
  return name !== 'cache'
}

function nothingOpened(slots: readonly EngineSlot[], failures: readonly unknown[]): EnneadError {
  const told = slots.map(({ name, phase }) => `${name}: ${phase.is === 'open' ? 'open' : phase.why}`)
  return new EnneadError('UNAVAILABLE', `no store could be opened. ${told.join('; ')}`, {
    cause: new AggregateError(failures),
  })
}
