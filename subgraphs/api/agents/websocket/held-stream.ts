import { type Client, createClient } from 'graphql-ws'
import { Ring } from '../../../../events/ring.ts'
import { type Position, formatPosition, parsePosition } from '../../../../events/position.ts'
import { type Clock, type Random, sleep } from '../../../../kernel/clock.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { HopSigner } from '../../../../kernel/hop-signer.ts'
import type { TlsConnection } from '../../../../kernel/tls/tls-client.ts'
import type { Log } from '../../../../kernel/log.ts'
import { changeLogPage, failureOf, nonsense, objectOf } from '../../answers.ts'
import { changeLogQuery, changeLogSubscription, changeLogVariables } from '../../change-log-query.ts'
import type { ChangeLogEntry, ChangeLogPage } from '../../task-channel.ts'
import { liveSocketClass } from './live-socket.ts'
import { request, stream } from './operations.ts'

export interface HeldStreamOptions extends HeldStreamLimits {
  /** Where db listens, as the `ws` package writes it. */
  readonly address: string
  readonly signer: HopSigner
  /** Asked for every connection: how TLS is spoken. */
  readonly connection: () => TlsConnection | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface HeldStreamLimits {
  /** Newest entries held. */
  readonly ringMax: number
  /** Between two pings; silence of two of them ends the connection. Milliseconds. */
  readonly pingMs: number
  /** Time for a connection to be made and to say where the log's head is. Milliseconds. */
  readonly connectMs: number
  /** Rest after a first connection that failed; doubles with each. Milliseconds. */
  readonly restMs: number
  /** Longest rest between connections. Milliseconds. */
  readonly restMsMax: number
  /** Largest message taken. Bytes. */
  readonly messageBytesMax: number
}

/** An entry of the change log in its place. */
export interface PlacedEntry {
  readonly position: Position
  readonly entry: ChangeLogEntry
}

/** What the stream has received and can answer from. */
export interface Received {
  readonly head: Position
  readonly ring: Ring<PlacedEntry>
}

/** How long the socket stays open with nothing on it. The client's timer holds a process that ends, so it is short. */
const idleMs = 500

/** `connecting` for the first time · `live`: what happens arrives here · `down`: it does not, for now or for good. */
export type StreamPhase = 'connecting' | 'live' | 'down'

/** Holds one subscription to db's change log open, reconnects for as long as it lives, and keeps the newest entries. */
export class HeldStream {
  readonly client: Client
  readonly #options: HeldStreamOptions
  readonly #closing = new AbortController()
  readonly #watchers = new Set<() => void>()
  #phase: StreamPhase = 'connecting'
  #received: Received | undefined

  constructor(options: HeldStreamOptions) {
    this.#options = options
    this.client = createClient({
      url: options.address,
      webSocketImpl: liveSocketClass(options),
      connectionAckWaitTimeout: options.connectMs,
      // This class reconnects by itself: only it knows where to go on.
      retryAttempts: 0,
      // Between the first question and the subscription behind it nothing else keeps the socket open.
      lazyCloseTimeout: idleMs,
    })
    void this.#hold()
  }

  get phase(): StreamPhase {
    return this.#phase
  }

  /** Undefined while there is nothing to answer from. */
  get received(): Received | undefined {
    return this.#received
  }

  /** Resolves with the next change of phase or of what has been received, or after `ms`; rejects when `signal` aborts. */
  async changed(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    const wake = (): void => woken.abort()
    this.#watchers.add(wake)
    signal.addEventListener('abort', wake, { once: true })
    try {
      await sleep(this.#options.clock, ms, woken.signal).catch(() => undefined)
    } finally {
      this.#watchers.delete(wake)
      signal.removeEventListener('abort', wake)
    }
    signal.throwIfAborted()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#turn('down')
    try {
      await this.client.dispose()
    } catch (failure) {
      // It was still connecting, and that failed: there is nothing left to close.
      this.#options.log.debug('api.stream.closed', { error: failure })
    }
  }

  async #hold(): Promise<void> {
    const { clock, random, restMs, restMsMax, log } = this.#options
    const { signal } = this.#closing
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#follow(() => {
          failures = 0
        })
      } catch (failure) {
        if (signal.aborted) return
        log.debug('api.stream.broken', { failures, error: failure })
        // Where we were is no longer a place of the log: begin at its head.
        if (failure instanceof EnneadError && failure.kind === 'caller') this.#received = undefined
      }
      this.#turn('down')
      const longest = Math.min(restMsMax, restMs * 2 ** Math.min(failures, 20))
      await sleep(clock, longest * (0.5 + random() / 2), signal).catch(() => undefined)
    }
  }

  /** Ends when the connection does. */
  async #follow(connected: () => void): Promise<void> {
    const { signal } = this.#closing
    const from = await this.#begin()
    this.#received = from
    const pages = stream(
      this.client,
      { query: changeLogSubscription, variables: { after: formatPosition(from.head) } },
      signal,
    )
    this.#turn('live')
    connected()
    for await (const { data, errors } of pages) {
      if (errors !== undefined) throw failureOf(errors)
      this.#take(changeLogPage(objectOf(data, 'no data')['changeLog']))
    }
  }

  /** Asks where the head is: with that the connection is known to work, and a new life of the log is noticed. */
  async #begin(): Promise<Received> {
    const { ringMax, connectMs } = this.#options
    const variables = changeLogVariables({ after: undefined, first: 1, waitMs: 0 })
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(connectMs)])
    const { data, errors } = await request(this.client, { query: changeLogQuery, variables }, signal)
    if (errors !== undefined) throw failureOf(errors)
    const head = placeOf(changeLogPage(objectOf(data, 'no data')['changeLog']).next)
    const known = this.#received
    if (known !== undefined && known.head.epoch === head.epoch) return known
    return { head, ring: new Ring<PlacedEntry>(head.seq, ringMax) }
  }

  #take(page: ChangeLogPage): void {
    const received = this.#received
    if (received === undefined) return
    let { head } = received
    for (const entry of page.entries) {
      const position = placeOf(entry.position)
      if (position.epoch !== head.epoch) throw nonsense('an entry of another change log')
      if (position.seq <= head.seq) continue
      received.ring.push({ position, entry })
      head = position
    }
    const next = placeOf(page.next)
    this.#received = { head: next.seq > head.seq ? next : head, ring: received.ring }
    this.#tell()
  }

  #turn(phase: StreamPhase): void {
    this.#phase = phase
    this.#tell()
  }

  #tell(): void {
    for (const wake of this.#watchers) wake()
  }
}

function placeOf(text: string): Position {
  const position = parsePosition(text)
  if (position === undefined) throw nonsense(`a position that is none: ${text.slice(0, 100)}`)
  return position
}
