import type { ErrorCode } from '../kernel/errors.ts'
import type { GraphQLAnswer } from './engine.ts'
import { SplicedAnswer } from './execution/compiled/spliced-answer.ts'

/**
 * What happens in a gateway, as it happens: metrics are derived from these, from the dispatcher's (dispatch/events.ts),
 * and from what can be read when asked. Times are milliseconds.
 */
export type GatewayEvent =
  /** A request to /graphql, or an operation of a WebSocket, was answered; a subscription when it ended. */
  | {
      readonly is: 'operationEnded'
      readonly door: 'http' | 'websocket'
      /** Undefined: it was refused before that was known. */
      readonly kind: 'query' | 'mutation' | 'subscription' | undefined
      readonly outcome: OperationOutcome
      /** Codes of the answer's errors, as many as it has. */
      readonly codes: readonly string[]
      /** HTTP only. */
      readonly request: { readonly method: string; readonly status: number } | undefined
      readonly tookMs: number
    }
  /** A subgraph answered a query or mutation or failed to. */
  | {
      readonly is: 'subgraphEnded'
      readonly subgraph: string
      /** `errors`: it answered, with errors in the answer. */
      readonly outcome: 'ok' | 'errors' | ErrorCode
      readonly tookMs: number
    }
  | { readonly is: 'supergraphTaken'; readonly hash: string }
  /** What a subgraph answered was not what a compiled query expects: it was run again by the generic executor. */
  | { readonly is: 'compiledSurprised' }
  /** A query was answered with the data of the same one under way. */
  | { readonly is: 'queryShared' }
  /** `fresh`, `stale`: answers given from the entity cache, entities counted one by one · `kept`: put into it. */
  | {
      readonly is: 'entityCache'
      readonly outcome: 'fresh' | 'stale' | 'kept'
      readonly count: number
    }

/** `partial`: data with errors · `failed`: errors instead of data · `refused`: not executed. */
export type OperationOutcome = 'ok' | 'partial' | 'failed' | 'refused'

/** Told everything; must not throw, and is not waited for. */
export type ObserveGateway = (event: GatewayEvent) => void

/** How an answer ended. */
export function outcomeOf(answer: GraphQLAnswer): OperationOutcome {
  if (answer instanceof SplicedAnswer) return 'ok'
  if (answer.data === undefined) return 'refused'
  if (answer.errors === undefined) return 'ok'
  return answer.data === null ? 'failed' : 'partial'
}
