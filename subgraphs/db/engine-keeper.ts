import { type Clock, sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { EngineSlot } from './engine-slot.ts'
import type { LogHead, StoreEngine } from './task-store.ts'

export interface KeeperLimits {
  /** Time an engine has to open or to answer questions about its log. Milliseconds. */
  readonly openMs: number
  /** Pause before an engine that failed to open is tried again: first and longest; it doubles. Milliseconds. */
  readonly reopenFirstMs: number
  readonly reopenLastMs: number
  /** Between two looks at an open engine. Milliseconds. */
  readonly probeMs: number
  /** Time an engine has to answer a look; one that answers none for so long is closed and opened anew. Milliseconds. */
  readonly silentMs: number
}

/** So many looks in a row must have failed as well: one may be the fault of a process that stood still. */
const looksMin = 3

export interface EngineKeeperParts {
  readonly slot: EngineSlot
  /** Lets the open engine take part. Rejects when it may not; STORE_DIVERGED is for good. */
  readonly admit: (slot: EngineSlot) => Promise<void>
  /** Is told each time the engine has answered a look, where it stands, and when it was asked (monotonic). */
  readonly answered: (slot: EngineSlot, head: LogHead, askedAt: number) => void
  /** Asks the engine where its log ends; gives up after `ms` milliseconds. */
  readonly look: (slot: EngineSlot, ms: number) => Promise<LogHead>
  readonly clock: Clock
  readonly log: Log
  readonly limits: KeeperLimits
}

/** Keeps one engine open: tries again what failed to open, and opens anew what has fallen silent or lost its data. */
export class EngineKeeper {
  readonly #parts: EngineKeeperParts
  readonly #closing = new AbortController()
  #keeping: Promise<void> | undefined

  constructor(parts: EngineKeeperParts) {
    this.#parts = parts
  }

  /** Opens the engine. Answers undefined, or why it did not open. */
  async open(): Promise<unknown> {
    const { slot, clock, log, limits } = this.#parts
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

  /** True: the open engine takes part now. False: it was closed again, for good when its history is another one. */
  async join(): Promise<boolean> {
    const { slot, admit, log } = this.#parts
    try {
      await admit(slot)
      log.info('db.engine.joined', { engine: slot.name, at: slot.seq })
      return true
    } catch (failure) {
      const told = failure instanceof EnneadError ? failure.message : 'its log could not be compared'
      log.error('db.engine.not_admitted', { engine: slot.name, error: failure })
      await this.closeEngine(told)
      if (failure instanceof EnneadError && failure.code === 'STORE_DIVERGED') slot.refused(told)
      return false
    }
  }

  /** Looks after the engine from now on. */
  begin(): void {
    this.#keeping ??= this.#keep()
  }

  async closeEngine(why: string): Promise<void> {
    const { slot } = this.#parts
    const { phase } = slot
    if (phase.is !== 'open') return
    slot.closed(why)
    await closeQuietly(phase.engine)
  }

  /** Stops looking after it and closes it. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#keeping
    await this.closeEngine('closed')
  }

  async #keep(): Promise<void> {
    const { slot, clock, limits } = this.#parts
    let pause = limits.reopenFirstMs
    let answeredAt = clock.now()
    let failed = 0
    while (slot.phase.is !== 'refused') {
      await this.#rest(slot.admitted ? limits.probeMs : pause)
      if (this.#closing.signal.aborted) return
      const well = slot.admitted ? await this.#look() : await this.#bringBack()
      failed = well ? 0 : failed + 1
      if (well) {
        answeredAt = clock.now()
        pause = limits.reopenFirstMs
      } else if (!slot.admitted) {
        pause = Math.min(pause * 2, limits.reopenLastMs)
      } else if (failed >= looksMin && clock.now() - answeredAt > limits.silentMs) {
        await this.closeEngine('it does not answer')
        pause = limits.reopenFirstMs
      }
    }
  }

  async #bringBack(): Promise<boolean> {
    const failure = this.#parts.slot.phase.is === 'closed' ? await this.open() : undefined
    return failure === undefined ? this.join() : false
  }

  /** Looks at the open engine: it must answer, and must not have lost what it held. */
  async #look(): Promise<boolean> {
    const { slot, look, answered, clock, log, limits } = this.#parts
    const askedAt = clock.now()
    try {
      // Noted before it is asked: it may take over more while its answer is on the way.
      const { held } = slot
      const head = await look(slot, limits.silentMs)
      slot.silence = undefined
      if (head.seq < held) {
        log.error('db.engine.lost_entries', { engine: slot.name, held, holds: head.seq })
        await this.closeEngine(`it lost entries: it held ${held} and holds ${head.seq}`)
      } else answered(slot, head, askedAt)
      return true
    } catch (failure) {
      slot.silence =
        failure instanceof EnneadError && failure.code === 'AGENT_FAULT'
          ? failure.message
          : 'it does not answer'
      log.warn('db.engine.silent', { engine: slot.name, error: failure })
      return false
    }
  }

  /** Ends early when the keeper closes. */
  async #rest(ms: number): Promise<void> {
    await sleep(this.#parts.clock, ms, this.#closing.signal).catch(() => undefined)
  }
}

/** What an engine says when it is closed changes nothing any more. */
async function closeQuietly(engine: StoreEngine): Promise<void> {
  await engine.close().catch(() => undefined)
}
