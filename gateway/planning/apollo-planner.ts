import { operationFromDocument } from '@apollo/federation-internals'
import type { Schema } from '@apollo/federation-internals'
import { QueryPlanner } from '@apollo/query-planner'
import type { DeferNode, DeferredNode, QueryPlan } from '@apollo/query-planner'
import { parse, print } from 'graphql'
import type { DocumentNode, GraphQLSchema } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { PlannableSupergraph } from '../supergraph/supergraph-facts.ts'
import { withoutEmptySelections } from './client-names.ts'
import { withConcreteFragments } from './concrete-fragments.ts'
import { contextsFirst } from './contexts-first.ts'
import { inlined } from './inline-fragments.ts'
import { isOverridden } from './overrides.ts'
import type { Overrides } from './overrides.ts'
import { countDeferred, countFetches } from './plan.ts'
import type { DeferredPart, Plan, PlanNode } from './plan.ts'
import type { Planner, PlanRequest } from './planner.ts'

/** Candidate plans compared for one operation. Apollo's default of 10,000 takes seconds and rarely finds a better one. */
const evaluatedPlansMax = 1_000

const settings = {
  // Reused fragments make subgraph queries shorter and have been a source of wrong ones.
  reuseQueryFragments: false,
  debug: { maxEvaluatedPlans: evaluatedPlansMax },
}

/** Plans with Apollo's query planner, in this thread; it cannot be interrupted. */
export class ApolloPlanner implements Planner {
  readonly #supergraph: Pick<PlannableSupergraph, 'apollo'>
  readonly #planner: QueryPlanner
  /** For operations with @defer; made when the first one comes. */
  #deferring: QueryPlanner | undefined
  readonly #schema: Schema
  readonly #apiSchema: GraphQLSchema
  readonly #labels: readonly string[]

  constructor(supergraph: Pick<PlannableSupergraph, 'apollo' | 'apiSchema' | 'overrideLabels'>) {
    this.#supergraph = supergraph
    this.#labels = supergraph.overrideLabels
    this.#apiSchema = supergraph.apiSchema
    this.#schema = supergraph.apollo.apiSchema()
    this.#planner = new QueryPlanner(supergraph.apollo, settings)
  }

  async plan({ text, operationName, overrides, defers = false }: PlanRequest): Promise<Plan> {
    try {
      const planner = defers ? this.#deferringPlanner() : this.#planner
      const node = this.#build(planner, text, operationName, overrides)
      if (node?.kind === 'Defer') return deferringPlan(node)
      if (node?.kind !== 'Subscription') {
        const root = planNode(node)
        return { plannedBy: 'apollo', root, source: undefined, fetches: countFetches(root) }
      }
      const root = planNode(node.rest)
      return { plannedBy: 'apollo', root, source: node.primary, fetches: 1 + countFetches(root) }
    } catch (failure) {
      if (isTooMuch(failure)) {
        throw new EnneadError('LIMIT_RECURSION', 'the operation has more selections than can be planned', {
          cause: failure,
        })
      }
      throw new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned', { cause: failure })
    }
  }

  #deferringPlanner(): QueryPlanner {
    const { apollo } = this.#supergraph
    this.#deferring ??= new QueryPlanner(apollo, {
      ...settings,
      incrementalDelivery: { enableDefer: true },
    })
    return this.#deferring
  }

  #build(
    planner: QueryPlanner,
    text: string,
    operationName: string | undefined,
    overrides: Overrides | undefined,
  ): ReturnType<QueryPlanner['buildQueryPlan']>['node'] {
    const overrideConditions = new Map(
      overrides && this.#labels.map(label => [label, isOverridden(label, overrides)]),
    )
    const build = (document: DocumentNode) => {
      const options = operationName === undefined ? {} : { operationName }
      const operation = operationFromDocument(this.#schema, withoutEmptySelections(document), options)
      return planner.buildQueryPlan(operation, { overrideConditions }).node
    }
    const document = parse(text)
    try {
      return build(document)
    } catch (failure) {
      if (isTooMuch(failure)) throw failure
      const concrete = withConcreteFragments(parse(inlined(text)), this.#apiSchema)
      if (print(concrete) === print(document)) throw failure
      return build(concrete)
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

function deferringPlan(node: DeferNode): Plan {
  const deferred = node.deferred.map(part)
  const root = planNode(node.primary.node)
  return {
    plannedBy: 'apollo',
    root,
    source: undefined,
    deferred,
    fetches: countFetches(root) + countDeferred(deferred),
  }
}

function part({ label = '', node }: DeferredNode): DeferredPart {
  const [root, deferred] = node?.kind === 'Defer' ? [node.primary.node, node.deferred.map(part)] : [node, []]
  return { label, root: planNode(root), deferred }
}

function planNode(node: QueryPlan['node']): PlanNode | undefined {
  // Structurally the same; Defer nodes stand at the top only, and in what is deferred.
  const root = node as PlanNode | undefined
  return root && contextsFirst(root)
}

/** The planner's own limits on what it takes. */
function isTooMuch(failure: unknown): boolean {
  return failure instanceof Error && /recursive selections|non-local selections/i.test(failure.message)
}
