import { unreachable } from '../../kernel/errors.ts'
import type { AnswerError } from '../engine.ts'
import { parseClientMessage } from './client-message.ts'
import type { SubscribePayload } from './client-message.ts'
import { closeCodes } from './close-codes.ts'

/** What the owner of a protocol must do, in order. */
export type Action =
  /** Find out who the client is, then call `acknowledge` or `refuse`. */
  | { readonly kind: 'identify'; readonly payload: Readonly<Record<string, unknown>> | undefined }
  /** Run an operation; report with the same `run`. */
  | {
      readonly kind: 'start'
      readonly id: string
      readonly run: number
      readonly payload: SubscribePayload
    }
  /** Let go of a running operation. */
  | { readonly kind: 'stop'; readonly run: number }
  | { readonly kind: 'send'; readonly text: string }
  /** Close the socket; no action follows but `stop`. */
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

export interface ProtocolLimits {
  /** Operations running at once. */
  readonly operationsMax: number
  /** Messages a second, sustained; twice as many in a burst. */
  readonly messagesPerSecond: number
  /** Largest message before the connection is acknowledged, characters. */
  readonly initLengthMax: number
}

type Phase = 'opened' | 'identifying' | 'ready' | 'closed'

interface Running {
  readonly run: number
  readonly id: string
  /** What stands in the messages of results before the result. */
  readonly head: string
  /** The same in UTF-8, made when it is first asked for. */
  headBytes: Buffer | undefined
}

/**
 * The server side of graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) for one
 * socket, without the socket: events in, actions out. Faults of one operation become an `error` for its id; faults of
 * the protocol close the socket with the code the protocol names.
 *
 * Every operation has a run number, so that a late answer to an operation whose id was used again is dropped. Each
 * `start` is ended by exactly one of `stop` (the owner must let go) or the owner's own `failed` or `completed`.
 */
export class TransportWsProtocol {
  readonly #limits: ProtocolLimits
  /** A handful at most: an array is smaller than a Map. */
  #running: readonly Running[] = []
  #phase: Phase = 'opened'
  #lastRun = 0
  /** Token bucket of messages. */
  #tokens: number
  #tokensAt: number

  /** @param nowMs Monotonic milliseconds. */
  constructor(limits: ProtocolLimits, nowMs: number) {
    this.#limits = limits
    this.#tokens = limits.messagesPerSecond * 2
    this.#tokensAt = nowMs
  }

  get closed(): boolean {
    return this.#phase === 'closed'
  }

  /** A text frame arrived. */
  received(text: string, nowMs: number): readonly Action[] {
    if (this.#phase === 'closed') return []
    if (!this.#takeToken(nowMs)) {
      return this.close(closeCodes.policy, `more than ${this.#limits.messagesPerSecond} messages a second`)
    }
    if (this.#phase !== 'ready' && text.length > this.#limits.initLengthMax) {
      return this.close(closeCodes.badMessage, 'the first message is too large')
    }
    const message = parseClientMessage(text)
    if (message === undefined)
      return this.close(closeCodes.badMessage, 'not a message of graphql-transport-ws')
    switch (message.type) {
      case 'connection_init':
        if (this.#phase !== 'opened') {
          return this.close(closeCodes.secondInit, 'Too many initialisation requests')
        }
        this.#phase = 'identifying'
        return [{ kind: 'identify', payload: message.payload }]
      case 'ping':
        return [send({ type: 'pong', payload: message.payload })]
      case 'pong':
        return []
      case 'subscribe':
        return this.#subscribe(message.id, message.payload)
      case 'complete':
        return this.#unsubscribe(message.id)
      default:
        return unreachable(message)
    }
  }

  /** A binary frame arrived. */
  receivedBinary(): readonly Action[] {
    return this.close(closeCodes.badMessage, 'binary messages are not accepted')
  }

  /** The client is known, or anonymous. @param payload What it is told with the acknowledgement. */
  acknowledge(payload?: Readonly<Record<string, unknown>>): readonly Action[] {
    if (this.#phase !== 'identifying') return []
    this.#phase = 'ready'
    return [send({ type: 'connection_ack', payload })]
  }

  /** The time for connection_init is over. */
  initTimedOut(): readonly Action[] {
    if (this.#phase !== 'opened') return []
    return this.close(closeCodes.initTimeout, 'Connection initialisation timeout')
  }

  /** A result of a run. `payload` is JSON. Nothing happens when the run is over. */
  next(run: number, payload: string): readonly Action[] {
    const running = this.#of(run)
    if (running === undefined) return []
    return [{ kind: 'send', text: `${running.head}${payload}}` }]
  }

  /** What a message with a result of this run begins with; the result as JSON and `}` follow. Undefined: the run is over. */
  headOf(run: number): Buffer | undefined {
    const running = this.#of(run)
    if (running === undefined) return undefined
    return (running.headBytes ??= Buffer.from(running.head))
  }

  /** A run was refused or cannot go on; final for its id, harmless for others. */
  failed(run: number, errors: readonly AnswerError[]): readonly Action[] {
    const running = this.#end(run)
    return running === undefined ? [] : [send({ id: running.id, type: 'error', payload: errors })]
  }

  /** A run came to its end. */
  completed(run: number): readonly Action[] {
    const running = this.#end(run)
    return running === undefined ? [] : [send({ id: running.id, type: 'complete' })]
  }

  /** Closes for a reason of the owner, or of ours. Everything running is let go. */
  close(code: number, reason: string): readonly Action[] {
    if (this.#phase === 'closed') return []
    return [{ kind: 'close', code, reason }, ...this.left()]
  }

  /** The socket is gone. Everything running is let go. */
  left(): readonly Action[] {
    this.#phase = 'closed'
    const stops = this.#running.map(({ run }) => ({ kind: 'stop', run }) as const)
    this.#running = []
    return stops
  }

  #subscribe(id: string, payload: SubscribePayload): readonly Action[] {
    if (this.#phase !== 'ready') return this.close(closeCodes.unauthorized, 'Unauthorized')
    if (this.#running.some(each => each.id === id))
      return this.close(closeCodes.duplicate, duplicateReason(id))
    if (this.#running.length >= this.#limits.operationsMax) {
      const message = `a socket may run ${this.#limits.operationsMax} operations at once`
      return [send({ id, type: 'error', payload: [{ message, extensions: { code: 'OVERLOADED' } }] })]
    }
    this.#lastRun += 1
    const head = `{"id":${JSON.stringify(id)},"type":"next","payload":`
    this.#running = this.#running.concat({ run: this.#lastRun, id, head, headBytes: undefined })
    return [{ kind: 'start', id, run: this.#lastRun, payload }]
  }

  /** An id that is not running was completed by us a moment ago: the messages crossed. */
  #unsubscribe(id: string): readonly Action[] {
    const run = this.#running.find(each => each.id === id)?.run
    if (run === undefined) return []
    this.#end(run)
    return [{ kind: 'stop', run }]
  }

  #end(run: number): Running | undefined {
    const running = this.#of(run)
    if (running === undefined) return undefined
    this.#running = this.#running.filter(each => each !== running)
    return running
  }

  #of(run: number): Running | undefined {
    return this.#running.find(each => each.run === run)
  }

  #takeToken(nowMs: number): boolean {
    const { messagesPerSecond } = this.#limits
    const earned = (Math.max(0, nowMs - this.#tokensAt) / 1000) * messagesPerSecond
    this.#tokens = Math.min(messagesPerSecond * 2, this.#tokens + earned)
    this.#tokensAt = nowMs
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}

/** As the protocol words it, where that fits into a close frame (RFC 6455, section 5.5). */
function duplicateReason(id: string): string {
  const reason = `Subscriber for ${id} already exists`
  return Buffer.byteLength(reason) <= 123 ? reason : 'Subscriber already exists'
}

function send(message: Readonly<Record<string, unknown>>): Action {
  return { kind: 'send', text: JSON.stringify(message) }
}
