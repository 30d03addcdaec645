import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { EnneadError } from '../../kernel/errors.ts'
import { hopHeaders } from '../../kernel/hop.ts'
import type { CachingHeaders } from './entity-cache/cache-control.ts'
import type { SubgraphResponse } from './subgraph.ts'
import { untrusted } from './untrusted.ts'

/** What subgraphs are told that we read. */
export const acceptedTypes = 'application/graphql-response+json, application/json;q=0.9'

/** The body of an answer, and what is looked at of its head. */
export interface HttpAnswer {
  readonly status: number
  /** `x-ennead-principal` (kernel/hop.ts); empty: there is none. */
  readonly principal: string
  /** Undefined: nobody has looked. */
  readonly caching?: CachingHeaders
  readonly body: Buffer
}

/** A request for JSON by POST. */
export interface HttpRequest {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | Buffer
  /** The connection is given up when it aborts. */
  readonly signal: AbortSignal
}

/**
 * Sends a request and reads its JSON answer. Redirects are refused, since what a request carries is meant for one host.
 * Rejects with SUBGRAPH_BAD_ANSWER, SUBGRAPH_ANSWER_TOO_LARGE, SUBGRAPH_UNTRUSTED or SUBGRAPH_UNREACHABLE; a body that is not wanted is not
 * read to its end.
 */
export function post(
  dispatcher: Dispatcher,
  request: HttpRequest,
  subgraph: string,
  bytesMax: number,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { path, headers, body, signal } = request
    const reader = new AnswerReader(subgraph, bytesMax, signal, { resolve, reject })
    dispatcher.dispatch({ method: 'POST', path, headers, body }, reader)
  })
}

/** A GraphQL response; a body that is GraphQL counts whatever the status. Throws SUBGRAPH_BAD_ANSWER. */
export function parsedAnswer(
  { status, caching, body }: Pick<HttpAnswer, 'status' | 'caching' | 'body'>,
  subgraph: string,
): SubgraphResponse {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch (failure) {
    throw new EnneadError('SUBGRAPH_BAD_ANSWER', `subgraph "${subgraph}" answered text that is not JSON`, {
      cause: failure,
      facts: { status },
    })
  }
  if (typeof value === 'object' && value !== null && ('data' in value || 'errors' in value)) {
    // Nothing more is promised of a SubgraphResponse than what was just looked at.
    // Not enumerable: whoever hands the answer on hands on what the subgraph has written. Nor can the subgraph write it itself.
    return Object.defineProperty(value as SubgraphResponse, 'http', {
      value: caching && { status, ...caching },
      enumerable: false,
    })
  }
  throw new EnneadError('SUBGRAPH_BAD_ANSWER', `subgraph "${subgraph}" answered JSON that is not GraphQL`, {
    facts: { status },
  })
}

interface Settle {
  readonly resolve: (answer: HttpAnswer) => void
  readonly reject: (failure: unknown) => void
}

/** Without undici's streams, which cost more than all the rest of a call. */
class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #subgraph: string
  readonly #bytesMax: number
  readonly #signal: AbortSignal
  readonly #settle: Settle
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #status = 0
  #principal = ''
  #caching: CachingHeaders | undefined
  #controller: Dispatcher.DispatchController | undefined
  readonly #leave = (): void => {
    // Before it is sent there is no controller: it is aborted when its turn comes.
    this.#controller?.abort(abortReason)
    this.#settle.reject(this.#signal.reason)
  }

  constructor(subgraph: string, bytesMax: number, signal: AbortSignal, settle: Settle) {
    this.#subgraph = subgraph
    this.#bytesMax = bytesMax
    this.#signal = signal
    this.#settle = settle
    if (signal.aborted) this.#leave()
    else signal.addEventListener('abort', this.#leave, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal.aborted) controller.abort(abortReason)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    this.#status = status
    this.#principal = single(headers[hopHeaders.principal])
    this.#caching = {
      cacheControl: all(headers['cache-control']),
      age: all(headers['age']),
      vary: all(headers['vary']),
    }
    const problem = problemOf(status, single(headers['content-type']), single(headers['content-encoding']))
    if (problem !== undefined) this.#refuse(controller, badAnswer(this.#subgraph, problem, status))
    else if (Number(headers['content-length']) > this.#bytesMax) this.#refuse(controller, this.#tooLarge())
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#bytesMax) this.#refuse(controller, this.#tooLarge())
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#end()
    const [first] = this.#chunks
    const body =
      first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#bytes)
    const [status, principal, caching] = [this.#status, this.#principal, this.#caching]
    this.#settle.resolve({ status, principal, ...(caching === undefined ? {} : { caching }), body })
  }

  onResponseError(_: Dispatcher.DispatchController, cause: Error): void {
    this.#end()
    this.#settle.reject(notReached(this.#subgraph, this.#status !== 0, cause))
  }

  /** Ends the transfer with its connection; there may be gigabytes to come. */
  #refuse(controller: Dispatcher.DispatchController, failure: EnneadError): void {
    this.#end()
    this.#settle.reject(failure)
    controller.abort(failure)
  }

  #end(): void {
    this.#signal.removeEventListener('abort', this.#leave)
  }

  #tooLarge(): EnneadError {
    return answerTooLarge(this.#subgraph, this.#bytesMax)
  }
}

const abortReason = new Error('the request was given up')

/** Why an answer is not read, by its headers, empty where it has none; undefined: it is JSON. */
export function problemOf(status: number, contentType: string, contentEncoding: string): string | undefined {
  if (status >= 300 && status < 400) return 'with a redirect, which is not followed'
  // As nearly all servers write it.
  if (contentType !== 'application/json; charset=utf-8' && contentType !== 'application/json') {
    const type = contentType.split(';')[0]?.trim().toLowerCase()
    if (type !== 'application/json' && type !== 'application/graphql-response+json') {
      return `with status ${status} and something that is not JSON`
    }
  }
  if (contentEncoding === '' || contentEncoding === 'identity') return undefined
  return 'in an encoding it was not asked for'
}

export function badAnswer(subgraph: string, problem: string, status: number): EnneadError {
  return new EnneadError('SUBGRAPH_BAD_ANSWER', `subgraph "${subgraph}" answered ${problem}`, {
    facts: { status },
  })
}

export function answerTooLarge(subgraph: string, bytesMax: number): EnneadError {
  const message = `subgraph "${subgraph}" answered more than ${bytesMax} bytes`
  return new EnneadError('SUBGRAPH_ANSWER_TOO_LARGE', message, { facts: { limit: bytesMax } })
}

/** @param begun The answer had begun. */
export function notReached(subgraph: string, begun: boolean, cause: unknown): EnneadError {
  const distrusted = begun ? undefined : untrusted(subgraph, cause)
  if (distrusted !== undefined) return distrusted
  const what = begun
    ? `the connection to subgraph "${subgraph}" broke within its answer`
    : `subgraph "${subgraph}" could not be reached`
  return new EnneadError('SUBGRAPH_UNREACHABLE', what, { cause })
}

function single(value: string | readonly string[] | undefined): string {
  return typeof value === 'string' ? value : (value?.[0] ?? '')
}

/** A header that may stand in several lines. */
function all(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join() : value
}
