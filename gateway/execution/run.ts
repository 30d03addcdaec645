import type { Log } from '../../kernel/log.ts'
import type { ResolvedSubgraphs } from './subgraphs.ts'
import type { TypeOverlap } from '../supergraph/type-overlap.ts'
import type { VariableValues } from '../operation/variables.ts'
import type { Deadline } from './deadline.ts'
import type { Degradations } from './degradations.ts'
import type { Failures } from './failures.ts'
import type { SubgraphContext } from './subgraph.ts'
import type { ErrorShowing } from './subgraph-errors.ts'

/** What every step of one execution needs. */
export interface Run {
  readonly subgraphs: ResolvedSubgraphs
  readonly overlap: TypeOverlap
  readonly variables: VariableValues
  readonly context: SubgraphContext
  readonly deadline: Deadline
  readonly failures: Failures
  readonly degradations: Degradations
  readonly showing: ErrorShowing
  readonly log: Log
}
