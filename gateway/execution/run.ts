import { sessionAfter } from '../../kernel/consistency.ts'
import type { Log } from '../../kernel/log.ts'
import type { FetchNode } from '../planning/plan.ts'
import type { ResolvedSubgraphs } from './subgraphs.ts'
import type { TypeOverlap } from '../supergraph/type-overlap.ts'
import type { VariableValues } from '../operation/variables.ts'
import type { Deadline } from './deadline.ts'
import type { Degradations } from './degradations.ts'
import type { CacheView } from './entity-cache/cache-view.ts'
import type { Failures } from './failures.ts'
import type { SubgraphContext, SubgraphRequest, SubgraphResponse } from './subgraph.ts'
import type { ErrorShowing } from './subgraph-errors.ts'

/** What was fetched for the same request before its plan is run. */
export interface EarlierAnswers {
  /** What `node` is answered with; `ask` sends its request, where that was not answered before. */
  answer(
    node: FetchNode,
    request: SubgraphRequest,
    ask: () => Promise<SubgraphResponse>,
  ): Promise<SubgraphResponse>
}

/** What every step of one execution needs. */
export interface Run {
  readonly subgraphs: ResolvedSubgraphs
  readonly overlap: TypeOverlap
  readonly variables: VariableValues
  readonly context: SubgraphContext
  readonly deadline: Deadline
  readonly failures: Failures
  readonly degradations: Degradations
  /** Where the session has come to, as subgraphs told so far. */
  heardSession: string | undefined
  readonly showing: ErrorShowing
  readonly log: Log
  /** Undefined: everything is asked for. */
  readonly cache: CacheView | undefined
  /** Default: nothing was fetched before. */
  readonly earlier?: EarlierAnswers | undefined
}

/** The token of the client's session after what was heard; undefined: it asked for none. */
export function sessionOf({ context: { consistency }, heardSession }: Run): string | undefined {
  return consistency?.level === 'session' ? sessionAfter(consistency.session, heardSession) : undefined
}
