import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Stop } from '../../../kernel/stop.ts'
import { acceptedTypes, answerTooLarge, badAnswer, notReached, problemOf } from '../http-answer.ts'
import type { HttpAnswer } from '../http-answer.ts'
import type { Http1Connection, Http1Exchange } from './http1-connection.ts'
import { Http1Pool } from './http1-pool.ts'
import { MalformedResponse } from './response-head.ts'
import type { ResponseHead } from './response-head.ts'
import { ResponseReader } from './response-reader.ts'

export interface PlainPostLimits {
  /** Connections at once. */
  readonly connectionsMax: number
  /** Longest answer, bytes. */
  readonly answerBytesMax: number
}

/** Sends JSON that is already bytes to one URL without TLS and reads the JSON answer, as `post` does with less work. */
export class PlainPost {
  readonly #pool: Http1Pool
  readonly #subgraph: string
  readonly #bytesMax: number
  readonly #head: string

  constructor(url: URL, subgraph: string, limits: PlainPostLimits, clock: Clock) {
    this.#pool = new Http1Pool(url, limits.connectionsMax, clock)
    this.#subgraph = subgraph
    this.#bytesMax = limits.answerBytesMax
    this.#head =
      `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n` +
      `content-type: application/json\r\naccept: ${acceptedTypes}\r\ncontent-length: `
  }

  /**
   * Rejects as `post` does, and with BAD_REQUEST for headers that cannot be sent.
   * @param body Bytes in latin1.
   */
  post(body: string, headers: Readonly<Record<string, string>>, stop: Stop): Promise<HttpAnswer> {
    let request = `${this.#head}${body.length}\r\n`
    for (const name in headers) {
      const value = headers[name]
      if (value === undefined || ours.has(name)) continue
      if (!nameForm.test(name) || notInValue.test(value)) return Promise.reject(unsendable(name))
      request += `${name}: ${value}\r\n`
    }
    request += `\r\n${body}`
    return new Promise((resolve, reject) => {
      const settle = { resolve, reject }
      new PlainCall(request, this.#pool, this.#subgraph, this.#bytesMax, settle).begin(stop)
    })
  }

  /** Requests under way fail. */
  close(): void {
    this.#pool.close()
  }
}

/** What the head says already. */
const ours: ReadonlySet<string> = new Set(['content-type', 'accept', 'content-length', 'connection', 'host'])
const nameForm = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const notInValue = /[^\t\x20-\x7e\x80-\xff]/

function unsendable(name: string): EnneadError {
  return new EnneadError('BAD_REQUEST', `the header "${name}" has a value that cannot be sent to a subgraph`)
}

interface Settle {
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (failure: unknown) => void
}

class PlainCall implements Http1Exchange {
  readonly request: string
  readonly reader: ResponseReader
  connection: Http1Connection | undefined
  readonly #pool: Http1Pool
  readonly #subgraph: string
  readonly #settle: Settle

  constructor(request: string, pool: Http1Pool, subgraph: string, bytesMax: number, settle: Settle) {
    this.request = request
    this.#pool = pool
    this.#subgraph = subgraph
    this.#settle = settle
    this.reader = new ResponseReader(
      head => this.#judge(head),
      bytesMax,
      () => answerTooLarge(subgraph, bytesMax),
    )
  }

  begin(stop: Stop): void {
    const sends = !stop.stopped
    // After it has ended this does nothing: its connection is another's then, and its promise settled.
    stop.onStopped(reason => {
      this.#pool.giveUp(this)
      this.#settle.reject(reason)
    })
    if (sends) this.#pool.send(this)
  }

  answered(answer: HttpAnswer): void {
    this.#settle.resolve(answer)
  }

  failed(cause: unknown): void {
    this.#settle.reject(this.#told(cause))
  }

  #judge({ status, contentType, contentEncoding }: ResponseHead): void {
    const problem = problemOf(status, contentType, contentEncoding)
    if (problem !== undefined) throw badAnswer(this.#subgraph, problem, status)
  }

  #told(cause: unknown): unknown {
    if (cause instanceof EnneadError) return cause
    if (!(cause instanceof MalformedResponse)) return notReached(this.#subgraph, this.reader.begun, cause)
    const message = `subgraph "${this.#subgraph}" answered what is not HTTP`
    return new EnneadError('SUBGRAPH_BAD_ANSWER', message, { cause })
  }
}
