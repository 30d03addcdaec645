import type { IncomingMessage } from 'node:http'
import { asksConsistency } from '../../kernel/consistency.ts'
import type { WireText } from '../admission/answer-text.ts'
import type { DoorOptions } from '../admission/door-options.ts'
import { forwarded } from '../admission/forwarded-headers.ts'
import type { GraphQLAnswer, PreparedOperation } from '../engine.ts'
import { bufferOf, SplicedAnswer } from '../execution/compiled/spliced-answer.ts'

/** An answer as it was written for the request that began it. */
export interface LandedAnswer {
  readonly operation: PreparedOperation
  readonly answer: GraphQLAnswer
  readonly wire: WireText
}

/** What one request has in common with those that can be given the same answer. */
export interface SameRequests {
  readonly key: string
  /** See `Engine.epoch`. */
  readonly epoch: number
}

/** A query under way whose answer others may be given. It must land, whatever becomes of it. */
export class Flight {
  readonly epoch: number
  /** Undefined once it has landed. */
  #landed: Promise<LandedAnswer | undefined> | undefined
  #joined = false
  readonly #end: () => void
  #settle: (landed: LandedAnswer | undefined) => void = () => undefined

  constructor(epoch: number, end: () => void) {
    this.epoch = epoch
    this.#end = end
    this.#landed = new Promise(resolve => (this.#settle = resolve))
  }

  /** Undefined: it came to nothing that can be shared. */
  async join(): Promise<LandedAnswer | undefined> {
    this.#joined = true
    return this.#landed
  }

  /**
   * Gives the answer to all who wait for it, as bytes that are copied nowhere. Only what the compiled tier made is the same for
   * all: errors may be this request's own. Answers how it is to be written.
   */
  land(landed: LandedAnswer | undefined): WireText | undefined {
    this.#end()
    const settle = this.#settle
    // Nobody joins it any more. What has left a Map may still be found in a table that the Map has outgrown.
    this.#landed = undefined
    this.#settle = () => undefined
    const { wire } = landed ?? {}
    if (landed === undefined || wire === undefined || !(landed.answer instanceof SplicedAnswer)) {
      settle(undefined)
      return wire
    }
    if (!this.#joined) {
      settle(landed)
      return wire
    }
    const bytes: WireText = { ...wire, parts: wire.parts.map(bufferOf) }
    settle({ ...landed, wire: bytes })
    return bytes
  }
}

/**
 * Queries under way, by everything that decides their answers: whoever asks the same meanwhile waits for the same answer, and
 * costs no more than reading a request and writing an answer. What began before a mutation ended, or on another supergraph, is
 * not shared.
 */
export class SharedAnswers {
  readonly #options: Pick<DoorOptions, 'engine' | 'identity' | 'rates' | 'forwardHeaders'>
  readonly #flights = new Map<string, Flight>()

  constructor(options: Pick<DoorOptions, 'engine' | 'identity' | 'rates' | 'forwardHeaders'>) {
    this.#options = options
  }

  /**
   * What makes two requests the same: their text, and everything that subgraphs are told of who asks. Undefined: this one is
   * like no other, since it has a credential to be checked, is counted, or says what it must show.
   */
  same(request: IncomingMessage, text: string): SameRequests | undefined {
    const { engine, identity, rates, forwardHeaders } = this.#options
    const { method, headers, socket } = request
    const { authorization } = headers
    const { epoch } = engine
    if (epoch === undefined || rates !== undefined) return undefined
    if (identity !== undefined && authorization !== undefined) return undefined
    if (asksConsistency(headers)) return undefined
    // No header has a line feed in it.
    let key = `${method}\n${socket.remoteAddress}\n${headers['user-agent']}`
    const sent = forwarded(forwardHeaders, headers)
    for (const name of forwardHeaders) key += `\n${sent[name]}`
    return { key: `${key}\n${text}`, epoch }
  }

  /** The answer that is under way; undefined: there is none. */
  find({ key, epoch }: SameRequests): Promise<LandedAnswer | undefined> | undefined {
    const flight = this.#flights.get(key)
    return flight?.epoch === epoch ? flight.join() : undefined
  }

  /** Undefined: its answer would probably be of no use to others, who would have waited in vain. */
  begin({ key, epoch }: SameRequests, operation: PreparedOperation): Flight | undefined {
    if (this.#options.engine.isCompiled?.(operation) !== true) return undefined
    const flight = new Flight(epoch, () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    })
    this.#flights.set(key, flight)
    return flight
  }
}
