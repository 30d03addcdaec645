import { operationFromDocument } from '@apollo/federation-internals'
import type { Schema } from '@apollo/federation-internals'
import { QueryPlanner } from '@apollo/query-planner'
import { parse } from 'graphql'
import type { DocumentNode, GraphQLSchema } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { Supergraph } from '../supergraph/supergraph.ts'
import { withoutEmptySelections } from './client-names.ts'
import { inlined } from './inline-fragments.ts'
import { countFetches } from './plan.ts'
import type { Plan, PlanNode } from './plan.ts'
import type { Planner, PlanRequest } from './planner.ts'
import { withoutImpossible } from './possible-fragments.ts'

/** Candidate plans compared for one operation. Apollo's default of 10,000 takes seconds and rarely finds a better one. */
const evaluatedPlansMax = 1_000

/** Plans with Apollo's query planner, in this thread; it cannot be interrupted. */
export class ApolloPlanner implements Planner {
  readonly #planner: QueryPlanner
  readonly #schema: Schema
  readonly #apiSchema: GraphQLSchema

  constructor(supergraph: Pick<Supergraph, 'apollo' | 'apiSchema'>) {
    this.#apiSchema = supergraph.apiSchema
    this.#schema = supergraph.apollo.apiSchema()
    this.#planner = new QueryPlanner(supergraph.apollo, {
      // Reused fragments make subgraph queries shorter and have been a source of wrong ones.
      reuseQueryFragments: false,
      debug: { maxEvaluatedPlans: evaluatedPlansMax },
    })
  }

  async plan({ text, operationName }: PlanRequest): Promise<Plan> {
    try {
      const node = this.#build(text, operationName)
      if (node?.kind !== 'Subscription') {
        // Structurally the same; Defer nodes occur only when the planner is told to allow them.
        const root = node as PlanNode | undefined
        return { root, source: undefined, fetches: countFetches(root) }
      }
      // As above.
      const root = node.rest as PlanNode | undefined
      return { root, source: node.primary, fetches: 1 + countFetches(root) }
    } catch (failure) {
      const message = failure instanceof Error ? failure.message : ''
      if (/recursive selections|non-local selections/i.test(message)) {
        throw new EnneadError('LIMIT_RECURSION', 'the operation has more selections than can be planned', {
          cause: failure,
        })
      }
      throw new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', { cause: failure })
    }
  }

  #build(
    text: string,
    operationName: string | undefined,
  ): ReturnType<QueryPlanner['buildQueryPlan']>['node'] {
    const build = (document: DocumentNode) => {
      const options = operationName === undefined ? {} : { operationName }
      const operation = operationFromDocument(this.#schema, withoutEmptySelections(document), options)
      return this.#planner.buildQueryPlan(operation).node
    }
    try {
      return build(parse(text))
    } catch (failure) {
      if (!(failure instanceof Error && failure.message.startsWith('Cannot add fragment of condition')))
        throw failure
      return build(withoutImpossible(parse(inlined(text)), this.#apiSchema))
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
