import { type Clock, sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { type EngineSlot, headOf } from './engine-slot.ts'
import { Follower } from './follower.ts'
import type { Frontier } from './frontier.ts'
import { type ReadLog, diverged, sameHistory } from './history.ts'
import type { LogEntry, StoreEngine } from './task-store.ts'

export interface ReplicationParts {
  readonly slots: readonly EngineSlot[]
  /** The slot that takes commits; one of `slots`. */
  readonly primary: EngineSlot
  readonly frontier: Frontier
  /** Reads the log from any store that stands at the frontier. */
  readonly readLog: ReadLog
  readonly clock: Clock
  readonly log: Log
  readonly limits: ReplicationLimits
}

export interface ReplicationLimits {
  /** Time an engine has to open or to answer what its keeper asks. Milliseconds. */
  readonly openMs: number
  /** Pause before an engine that failed to open is tried again: first and longest. Milliseconds. */
  readonly reopenFirstMs: number
  readonly reopenLastMs: number
  /** Between two looks at an open engine. Milliseconds. */
  readonly probeMs: number
  /** An engine that answers no look for so long is closed and opened anew. Milliseconds. */
  readonly silentMs: number
}

/** Failures of the writer's store at start that time does not heal. */
const lasting = new Set(['BAD_OPTION', 'DATA_FOLDER_UNREADABLE', 'DATA_FOLDER_IN_USE', 'DATA_FOLDER_CORRUPT'])

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
 *   from a copy before it takes a commit.
 *
 * What this does not give: while the primary is away there are no writes, a write the primary acknowledged and lost is
 * only saved when a copy had absorbed it, and two primaries are only noticed when a process opens both. Acknowledging
 * each record by two stores of three, with no primary, will change that; the log and the followers remain its repair.
 */
export class Replication {
  readonly #parts: ReplicationParts
  readonly #followers: ReadonlyMap<EngineSlot, Follower>
  readonly #closing = new AbortController()
  #keepers: Promise<void>[] = []
  #admitting: Promise<void> = Promise.resolve()

  constructor(parts: ReplicationParts) {
    this.#parts = parts
    this.#followers = new Map(parts.slots.map(slot => [slot, new Follower({ ...parts, slot })]))
  }

  /** Why a store does not catch up; undefined while it does. */
  failureOf(slot: EngineSlot): string | undefined {
    return this.#followers.get(slot)?.failure
  }

  /**
   * Opens all engines at once; those that fail are tried again in the background. Throws STORE_DIVERGED when two that
   * opened hold different histories, what the primary said when time does not heal it, and UNAVAILABLE when no engine opened.
   */
  async open(): Promise<void> {
    const { slots, primary, frontier, limits } = this.#parts
    const failures = await Promise.all(slots.map(slot => this.#openOne(slot)))
    const ofPrimary = failures[slots.indexOf(primary)]
    if (ofPrimary instanceof EnneadError && lasting.has(ofPrimary.code)) throw ofPrimary
    for (const slot of await this.#byProgress()) await this.#join(slot)
    for (const { phase } of slots)
      if (phase.is === 'refused') throw new EnneadError('STORE_DIVERGED', phase.why)
    if (slots.every(slot => !slot.admitted)) throw nothingOpened(slots, failures)
    await this.#followers.get(primary)?.reached(frontier.head.seq, primary.admitted ? limits.openMs : 0)
    this.#keepers = slots.map(slot => this.#keep(slot))
  }

  /**
   * Hands new entries to all copies; resolves when those that were up to date hold them, after `waitMs` at the latest:
   * a copy that is slow or away must not hold up a write that is durable.
   */
  async handOver(entries: readonly LogEntry[], waitMs: number): Promise<void> {
    const first = entries[0]
    const last = entries.at(-1)
    if (first === undefined || last === undefined) return
    const waits = [...this.#followers].map(([slot, follower]) => {
      if (slot === this.#parts.primary) return undefined
      const keepsUp = slot.admitted && slot.seq >= first.position.seq - 1 && follower.failure === undefined
      follower.offer(entries)
      return keepsUp ? follower.reached(last.position.seq, waitMs) : undefined
    })
    await Promise.all(waits)
  }

  /** Asks the primary where it stands: another process may have written to it. */
  async look(): Promise<void> {
    const { primary, frontier, limits } = this.#parts
    if (!primary.current) return
    const head = await headOf(primary, limits.openMs)
    if (head.seq < primary.seq) return
    primary.reached(head.seq)
    frontier.raise(head)
    this.#wakeAll()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#keepers)
    await Promise.all([...this.#followers.values()].map(follower => follower.close()))
    await Promise.all(this.#parts.slots.map(slot => this.#closeEngine(slot, 'closed')))
  }

  /** Undefined: it is open now. Otherwise why not. */
  async #openOne(slot: EngineSlot): Promise<unknown> {
    const { clock, log, limits } = this.#parts
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const giveUp = (): void => resolve(undefined)
    const timer = clock.after(limits.openMs, giveUp)
    this.#closing.signal.addEventListener('abort', giveUp, { once: true })
    try {
      const opening = slot.source.open()
      const engine = await Promise.race([opening, late])
      if (engine === undefined) {
        // It may still open some time; by then another attempt is under way.
        opening.then(closeQuietly, () => undefined)
        throw new EnneadError('AGENT_TIMEOUT', `${slot.name} did not open in ${limits.openMs} ms`)
      }
      slot.opened(engine)
      return undefined
    } catch (failure) {
      slot.closed(failure instanceof EnneadError ? failure.message : 'it could not be opened')
      log.warn('db.engine.open_failed', { engine: slot.name, error: failure })
      return failure
    } finally {
      timer.cancel()
      this.#closing.signal.removeEventListener('abort', giveUp)
    }
  }

  /** The open slots, the most advanced first, so that the others are measured against it. */
  async #byProgress(): Promise<readonly EngineSlot[]> {
    const { slots, log, limits } = this.#parts
    const seqs = new Map<EngineSlot, number>()
    const look = async (slot: EngineSlot): Promise<void> => {
      try {
        seqs.set(slot, (await headOf(slot, limits.openMs)).seq)
      } catch (failure) {
        log.warn('db.engine.silent', { engine: slot.name, error: failure })
        await this.#closeEngine(slot, 'it did not say where its log ends')
      }
    }
    await Promise.all(slots.filter(slot => slot.phase.is === 'open').map(look))
    return [...seqs].sort(([, a], [, b]) => b - a).map(([slot]) => slot)
  }

  /** Lets a store take part, one at a time, because each is measured against those before it. */
  #admit(slot: EngineSlot): Promise<void> {
    const admitted = this.#admitting.then(() => this.#admitNow(slot))
    this.#admitting = admitted.catch(() => undefined)
    return admitted
  }

  async #admitNow(slot: EngineSlot): Promise<void> {
    const { slots, frontier, readLog, clock, limits } = this.#parts
    // Before it absorbs anything: see withoutExpired in follower.ts.
    await slot.direct('forget', new Date(clock.wall()).toISOString(), limits.openMs)
    const head = await headOf(slot, limits.openMs)
    const known = frontier.head
    const mine = { head, log: (read: Parameters<ReadLog>[0]) => slot.direct('log', read, limits.openMs) }
    if (!(await sameHistory(mine, { head: known, log: readLog }))) {
      const holder = slots.find(other => other !== slot && other.admitted) ?? slot
      throw diverged({ slot, head }, { slot: holder, head: known })
    }
    slot.admit(head.seq)
    frontier.raise(head)
    this.#wakeAll()
  }

  /** The life of one engine until the domain closes: looks after it while it is open, opens it while it is not. */
  async #keep(slot: EngineSlot): Promise<void> {
    const { clock, limits } = this.#parts
    const { signal } = this.#closing
    let pause = limits.reopenFirstMs
    let answeredAt = clock.now()
    while (slot.phase.is !== 'refused') {
      const restMs = slot.phase.is === 'open' ? limits.probeMs : pause
      const ended = await sleep(clock, restMs, signal).then(
        () => false,
        () => true,
      )
      if (ended) return
      const well = slot.admitted ? await this.#probe(slot) : await this.#bringBack(slot)
      if (well) {
        answeredAt = clock.now()
        pause = limits.reopenFirstMs
      } else if (!slot.admitted) {
        pause = Math.min(pause * 2, limits.reopenLastMs)
      } else if (clock.now() - answeredAt > limits.silentMs) {
        await this.#closeEngine(slot, 'it does not answer')
        pause = limits.reopenFirstMs
      }
    }
  }

  async #bringBack(slot: EngineSlot): Promise<boolean> {
    return slot.phase.is === 'closed' && (await this.#openOne(slot)) !== undefined ? false : this.#join(slot)
  }

  /** True: an open engine takes part now. False: it was closed again, for good when its history is another one. */
  async #join(slot: EngineSlot): Promise<boolean> {
    try {
      await this.#admit(slot)
      this.#parts.log.info('db.engine.joined', { engine: slot.name, at: slot.seq })
      return true
    } catch (failure) {
      const told = failure instanceof EnneadError ? failure.message : 'its log could not be compared'
      this.#parts.log.error('db.engine.not_admitted', { engine: slot.name, error: failure })
      await this.#closeEngine(slot, told)
      if (failure instanceof EnneadError && failure.code === 'STORE_DIVERGED') slot.refused(told)
      return false
    }
  }

  /** Looks at an open engine: it must answer, and must not have lost what it held. */
  async #probe(slot: EngineSlot): Promise<boolean> {
    const { primary, frontier, log, limits } = this.#parts
    try {
      // Noted before it is asked: it may take over more while its answer is on the way.
      const held = slot.seq
      const head = await headOf(slot, limits.silentMs)
      if (head.seq < held) {
        log.error('db.engine.lost_entries', { engine: slot.name, held, holds: head.seq })
        await this.#closeEngine(slot, `it lost entries: it held ${held} and holds ${head.seq}`)
        return true
      }
      if (slot === primary && slot.current) {
        slot.reached(head.seq)
        frontier.raise(head)
      }
      this.#wakeAll()
      return true
    } catch (failure) {
      log.warn('db.engine.silent', { engine: slot.name, error: failure })
      return false
    }
  }

  async #closeEngine(slot: EngineSlot, why: string): Promise<void> {
    const { phase } = slot
    if (phase.is !== 'open') return
    slot.closed(why)
    await closeQuietly(phase.engine)
  }

  #wakeAll(): void {
    for (const follower of this.#followers.values()) follower.wake()
  }
}

/** What an engine says when it is closed changes nothing any more. */
async function closeQuietly(engine: StoreEngine): Promise<void> {
  await engine.close().catch(() => undefined)
}

function nothingOpened(slots: readonly EngineSlot[], failures: readonly unknown[]): EnneadError {
  const told = slots.map(({ name, phase }) => `${name}: ${phase.is === 'closed' ? phase.why : 'open'}`)
  return new EnneadError('UNAVAILABLE', `no store could be opened. ${told.join('; ')}`, {
    cause: new AggregateError(failures),
  })
}
