import type { Clock, Timer } from '../clock.ts'
import type { Log } from '../log.ts'
import { networkOf } from '../network-of.ts'
import type { CountedSighting, Sighting, SightingKind } from './sighting.ts'

export interface SightingBufferOptions {
  /** Hands over what was seen. May reject: the batch is lost then, and counted. */
  readonly send: (batch: readonly CountedSighting[], signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  /** Pause between two batches. Milliseconds. Default 1,000. */
  readonly everyMs?: number
  /** Different sightings in a batch; more are dropped and counted. Default 1,000. */
  readonly entriesMax?: number
  /** Longest time for handing over a batch. Milliseconds. Default 5,000. */
  readonly timeoutMs?: number
}

const defaults = { everyMs: 1_000, entriesMax: 1_000, timeoutMs: 5_000 } as const

/** Since the process began. */
export interface SightingCounts {
  readonly seen: Readonly<Record<SightingKind, number>>
  /** Seen and told to nobody: there was no room, or whoever should hear of them could not be reached. */
  readonly dropped: number
}

/**
 * Collects what is seen, equal sightings as one with a count, and hands it over once a second. Noting never waits and never fails;
 * what there is no room for is counted.
 */
export class SightingBuffer {
  readonly #options: Required<SightingBufferOptions>
  readonly #seen: Record<SightingKind, number> = {
    hopRefused: 0,
    credentialRefused: 0,
    forbidden: 0,
    rateLimited: 0,
  }
  readonly #closing = new AbortController()
  #entries = new Map<string, CountedSighting>()
  #dropped = 0
  #timer: Timer | undefined
  #sending: Promise<void> | undefined

  constructor(options: SightingBufferOptions) {
    this.#options = { ...defaults, ...options }
  }

  get counts(): SightingCounts {
    return { seen: { ...this.#seen }, dropped: this.#dropped }
  }

  note(sighting: Sighting): void {
    if (this.#closing.signal.aborted) return
    this.#seen[sighting.kind] += 1
    const { address } = sighting
    const counted = address === undefined ? sighting : { ...sighting, address: networkOf(address) }
    const key = JSON.stringify([
      counted.kind,
      counted.address,
      counted.actorId,
      counted.keyId,
      counted.subgraph,
    ])
    const before = this.#entries.get(key)
    if (before === undefined && this.#entries.size >= this.#options.entriesMax) {
      this.#dropped += 1
      return
    }
    this.#entries.set(key, { ...counted, count: (before?.count ?? 0) + 1 })
    this.#wait()
  }

  /** Hands over what is left, for a short while; what is seen from now on is nobody's. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    await this.#sending
    await this.#send(AbortSignal.timeout(closeMs))
    this.#closing.abort()
  }

  #wait(): void {
    if (this.#timer !== undefined || this.#sending !== undefined) return
    this.#timer = this.#options.clock.after(this.#options.everyMs, () => {
      this.#timer = undefined
      this.#sending = this.#send(AbortSignal.timeout(this.#options.timeoutMs)).finally(() => {
        this.#sending = undefined
        if (this.#entries.size > 0) this.#wait()
      })
    })
  }

  async #send(signal: AbortSignal): Promise<void> {
    const batch = [...this.#entries.values()]
    if (batch.length === 0) return
    this.#entries = new Map()
    try {
      await this.#options.send(batch, signal)
    } catch (failure) {
      for (const { count } of batch) this.#dropped += count
      this.#options.log.warn('sightings.dropped', { dropped: this.#dropped, failure })
    }
  }
}

/** A process that stops does not wait for long. */
const closeMs = 500
