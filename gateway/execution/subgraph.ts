import type { Hop } from '../../kernel/hop.ts'
import type { Stop } from '../../kernel/stop.ts'
import type { RequestTrace } from '../tracing.ts'
import type { CachingHeaders } from './entity-cache/cache-control.ts'

/** One GraphQL request to a subgraph. */
export interface SubgraphRequest {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
  readonly operationName?: string
}

/** What a subgraph answered; nothing in it is trusted to be well-formed beyond this. */
export interface SubgraphResponse {
  readonly data?: unknown
  readonly errors?: readonly SubgraphResponseError[]
  /** `ennead.degraded` marks what is not known to be current; see docs/degradation.md. */
  readonly extensions?: unknown
  /** What the head of an answer over HTTP says; never part of what a subgraph has written. Undefined: it is not known. */
  readonly http?: AnswerHead | undefined
}

export interface AnswerHead extends CachingHeaders {
  readonly status: number
}

export interface SubgraphResponseError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** Client headers that are handed on to subgraphs, lower-case names. */
export type ForwardedHeaders = Readonly<Record<string, string>>

/** What a request carries towards subgraphs. */
export interface SubgraphContext extends Hop {
  /** From the allow-list of header propagation; empty inside Ennead's own deployment. */
  readonly headers: ForwardedHeaders
  /** What the door knows and the engine does not look at, for ways to subgraphs that were made for that door. */
  readonly caller?: unknown
  /** The trace this is part of. Undefined: none. */
  readonly trace?: RequestTrace
}

/**
 * The way to one subgraph: a function call in one process, HTTP across processes. `execute` rejects with an
 * EnneadError (SUBGRAPH_UNREACHABLE, SUBGRAPH_TIMEOUT, SUBGRAPH_BAD_ANSWER, SUBGRAPH_ANSWER_TOO_LARGE, CANCELLED);
 * GraphQL errors are in the response.
 */
export interface Subgraph {
  readonly name: string
  execute(request: SubgraphRequest, context: SubgraphContext): Promise<SubgraphResponse>
  /**
   * Sends the request of a query as it stands, UTF-8 in latin1, and resolves with the whole answer as it came, valid UTF-8,
   * until `stop`, by default `context.signal`, says that it is not wanted any more. Rejects like `execute`; whether the answer is GraphQL is not looked at. Undefined: nothing
   * here is bytes, so that there is nothing to gain.
   */
  exchange?(body: string, context: SubgraphContext, stop?: Stop): Promise<Buffer>
  /**
   * Does an answer that `exchange` gave say that the place that gave it fails? Asked by `execute`, another place may do better.
   * Undefined: none does.
   */
  isFailure?(response: SubgraphResponse): boolean
  /** `return()` lets go of the source at once, also while it is quiet; a failure of the stream is thrown by `next`. */
  subscribe(request: SubgraphRequest, context: SubgraphContext): AsyncIterableIterator<SubgraphResponse>
  /** Lets go of connections. */
  close(): Promise<void>
}
