import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../../kernel/clock.ts'
import type { GatewayLimits } from '../admission/gateway-limits.ts'
import type { Caller } from '../admission/run-operation.ts'
import { CredentialWatch } from './credential-watch.ts'
import type { CredentialWatchOptions } from './credential-watch.ts'
import type { Batch } from './batch.ts'
import { ExpiryTimer } from './expiry-timer.ts'
import type { Subscriber, Subscription } from './reader.ts'
import type { StreamEnd } from './stream-end.ts'
import type { StreamFormat } from './stream-format.ts'
import type { Held, WriteBatch } from './write-batch.ts'

export interface HttpStreamTools {
  readonly clock: Clock
  readonly batch: WriteBatch
  readonly limits: GatewayLimits
  readonly caller: Caller
  readonly watch: CredentialWatchOptions
  readonly credential: string | undefined
}

/** Longest time between two signs of life, milliseconds: proxies close what says nothing for a minute or less. */
const heartbeatMsMax = 15_000
/** A client that takes nothing for so long is cut off, milliseconds. It can resume. */
const stalledMsMax = 60_000

/** How often it is looked whether there is room again, milliseconds. */
const lookMs = 50

/** One subscription as one response. */
export class HttpStream implements Held, Subscriber {
  readonly #response: ServerResponse
  readonly #format: StreamFormat
  readonly #tools: HttpStreamTools
  #subscription: Subscription | undefined
  #ended: ((end: StreamEnd) => void) | undefined
  #watch: CredentialWatch | undefined
  #waits = false
  #corked = false

  constructor(response: ServerResponse, format: StreamFormat, tools: HttpStreamTools) {
    this.#response = response
    this.#format = format
    this.#tools = tools
  }

  /** Writes the head. @param retryMs When the client should come back after a break. */
  begin(retryMs: number): void {
    this.#response.writeHead(200, {
      'content-type': this.#format.contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      // nginx would collect events before it hands them on.
      'x-accel-buffering': 'no',
    })
    this.#response.write(this.#format.begin(retryMs))
  }

  /** Writes what `join` brings until it ends, the client leaves, or its credential expires. */
  async follow(join: (reader: Subscriber) => Subscription): Promise<StreamEnd> {
    const { clock, limits, caller } = this.#tools
    const response = this.#response
    const everyMs = Math.min(heartbeatMsMax, limits.socketHeartbeatMs)
    let heartbeat: Timer | undefined
    const expiry = new ExpiryTimer(caller.principal, clock, () => this.ended({ kind: 'expired' }))
    let takenAt = clock.now()
    const beat = (): void => {
      if (clock.now() - takenAt > stalledMsMax) return void response.destroy()
      response.write(this.#format.heartbeat, () => (takenAt = clock.now()))
      heartbeat = clock.after(everyMs, beat)
    }
    heartbeat = clock.after(everyMs, beat)
    let recheck: Timer | undefined
    // The client comes back with the same credential, and is told what that is worth now.
    const { watch: asking, credential } = this.#tools
    const cut = (): void => this.ended({ kind: 'expired' })
    this.#watch = new CredentialWatch(asking, credential, caller, { changed: cut, revoked: cut })
    const check = (): void => {
      void this.#watch?.check()
      recheck = clock.after(limits.socketRecheckMs, check)
    }
    recheck = clock.after(limits.socketRecheckMs, check)
    try {
      return await new Promise<StreamEnd>(resolve => {
        this.#ended = resolve
        response.once('close', () => resolve({ kind: 'completed' }))
        if (response.destroyed) resolve({ kind: 'completed' })
        else this.#subscription = join(this)
      })
    } finally {
      expiry.cancel()
      heartbeat.cancel()
      recheck.cancel()
      this.#subscription?.leave()
    }
  }

  get caller(): Caller {
    return this.#tools.caller
  }

  /** Asks what the credential allows, by nothing that was said before. */
  recheckNow(): void {
    void this.#watch?.checkNow()
  }

  hasRoom(): boolean {
    const response = this.#response
    const bytesMax = this.#tools.limits.socketBufferedBytesMax
    if (response.writableLength <= bytesMax) return true
    // What is held back until the end of this turn may find room with the system.
    this.flush()
    if (response.writableLength <= bytesMax) return true
    if (this.#waits) return false
    this.#waits = true
    const again = (): void => {
      this.#waits = false
      this.#subscription?.roomAgain()
    }
    // Node does not always tell: a response that was corked waits for a drain that its socket never needs.
    this.#tools.clock.after(lookMs, again)
    return false
  }

  deliver({ deliveries }: Batch): void {
    if (this.#response.destroyed) return
    if (!this.#corked) {
      this.#corked = true
      this.#response.cork()
      this.#tools.batch.hold(this)
    }
    for (const delivery of deliveries) {
      for (const part of this.#format.event(delivery)) this.#response.write(part)
    }
  }

  /** Writes the events of this turn. */
  flush(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#response.uncork()
  }

  /** A client comes back after everything but these two: what it asked for is over, or can never be. */
  ended(end: StreamEnd): void {
    if (end.kind === 'completed') this.#response.end(this.#format.completed)
    else if (end.kind === 'failed') this.#response.end(this.#format.failed(end.errors))
    else this.cut()
    this.#ended?.(end)
  }

  /** Ends the response in a way that has clients come back. */
  cut(): void {
    // Behind what is written already. A clean end would be the end of the subscription for some clients.
    this.#response.write(this.#format.heartbeat, () => this.#response.destroy())
  }
}
