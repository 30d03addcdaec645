import { type Clock, type Random, sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { AgentHealth } from '../../kernel/health.ts'
import type { Log } from '../../kernel/log.ts'
import type { ChangeFeed, FeedEntry } from './change-feed.ts'

/** Where events are copied to: a stream that takes an event only behind the one it was told. */
export interface EventCopy {
  /** What it is, for an operator. */
  readonly detail: string
  end(): Promise<{ readonly sequence: number; readonly position: string | undefined }>
  /**
   * Answers the new end; undefined: it does not end at `after`, since somebody else writes to it. Some may have been appended
   * in any case, in order and from the first on.
   */
  append(events: readonly FeedEntry[], after: number): Promise<number | undefined>
  close(): Promise<void>
}

export interface EventRelayParts {
  readonly changes: Pick<ChangeFeed, 'read' | 'head'>
  readonly open: () => Promise<EventCopy>
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Events appended at once; the copy acknowledges them together. */
const batchMax = 256
/** How long one look at the log waits for an event. Milliseconds. */
const waitMs = 20_000
/** How long a relay that was overtaken leaves the work to the other one. Milliseconds. */
const standbyMs = 5_000
const pauseMs = { first: 100, last: 5_000 } as const

type Standing =
  | { readonly is: 'copying'; readonly detail: string; readonly at: string | undefined }
  | { readonly is: 'standing by'; readonly detail: string }
  | { readonly is: 'failing'; readonly detail: string; readonly why: string }

/**
 * Copies the events of the change log to where others read them, each once and in order, from wherever the copy ends. It
 * remembers nothing: what it finds at the copy's end says where to go on, so that any number of relays may begin, die and
 * freeze. A copy that is away delays events; the log keeps them.
 */
export class EventRelay {
  readonly #parts: EventRelayParts
  readonly #closing = new AbortController()
  readonly #running: Promise<void>
  #copy: EventCopy | undefined
  #standing: Standing = { is: 'failing', detail: 'events', why: 'not connected yet' }

  constructor(parts: EventRelayParts) {
    this.#parts = parts
    this.#running = this.#run()
  }

  /** As an agent beside the stores; a relay that fails makes the domain no less ready. */
  get health(): AgentHealth {
    const standing = this.#standing
    const { detail } = standing
    if (standing.is === 'failing')
      return { name: 'events', state: 'failing', detail: `${detail}: ${standing.why}` }
    if (standing.is === 'standing by')
      return { name: 'events', state: 'ok', detail: `${detail}, another process copies` }
    return { name: 'events', state: 'ok', detail: `${detail}, at ${standing.at ?? 'its beginning'}` }
  }

  /** Ends after what is on its way. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
    await this.#copy?.close()
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#parts
    const { signal } = this.#closing
    let pause: number = pauseMs.first
    while (!signal.aborted) {
      try {
        await this.#follow(signal, () => (pause = pauseMs.first))
        // Another relay is at work: it is left to it for a while, then this one looks where the copy ends.
        this.#standing = { is: 'standing by', detail: this.#standing.detail }
        log.debug('events.relay.standing_by')
        await sleep(clock, standbyMs * (0.5 + random()), signal).catch(() => undefined)
      } catch (failure) {
        if (signal.aborted) return
        const why = failure instanceof Error ? failure.message : String(failure)
        this.#standing = { is: 'failing', detail: this.#standing.detail, why }
        log.warn('events.relay.failed', { error: failure })
        await sleep(clock, pause * (0.5 + random()), signal).catch(() => undefined)
        pause = Math.min(pause * 2, pauseMs.last)
      }
    }
  }

  /** Finds where the copy ends and goes on from there; resolves when another relay has written to it. */
  async #follow(signal: AbortSignal, onProgress: () => void): Promise<void> {
    const copy = (this.#copy ??= await this.#parts.open())
    const { detail } = copy
    const end = await copy.end()
    let sequence: number | undefined = end.sequence
    let after = end.position ?? beginning
    while (!signal.aborted) {
      this.#standing = { is: 'copying', detail, at: after === beginning ? undefined : after }
      const page = await this.#read(after, signal)
      if (page.entries.length > 0) sequence = await copy.append(page.entries, sequence)
      if (sequence === undefined) return
      after = page.next
      onProgress()
    }
  }

  async #read(after: string, signal: AbortSignal): ReturnType<ChangeFeed['read']> {
    const { changes } = this.#parts
    try {
      return await changes.read({ after, first: batchMax, waitMs }, signal)
    } catch (failure) {
      if (!(failure instanceof EnneadError) || failure.code !== 'CURSOR_EXPIRED') throw failure
      if (epochOf(after) === epochOf(changes.head) || epochOf(changes.head) === '') {
        throw new EnneadError(
          'UNAVAILABLE',
          `the copy ends at ${after} and this process knows the log up to ${changes.head} only`,
          { cause: failure },
        )
      }
      // The log was begun anew: the copy goes on with all of it.
      return changes.read({ after: beginning, first: batchMax, waitMs }, signal)
    }
  }
}

/** The position before the first entry of any log. */
const beginning = ':0'

function epochOf(position: string): string {
  return position.slice(0, position.lastIndexOf(':'))
}
