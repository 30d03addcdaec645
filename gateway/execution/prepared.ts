import type { DocumentNode, GraphQLObjectType, OperationDefinitionNode } from 'graphql'
import { countRootFields } from '../operation/root-fields.ts'
import { withoutValues } from '../operation/without-values.ts'
import { waitMsOf } from '../operation/wait-ms.ts'
import type { OperationCost, PreparedOperation, SubscriptionIdentity } from '../engine.ts'
import type { Refusals } from '../operation/access.ts'
import type { VariableValues } from '../operation/variables.ts'
import type { Plan } from '../planning/plan.ts'
import type { Supergraph } from '../supergraph/supergraph-facts.ts'
import type { Selections } from './shape.ts'
import type { ResolvedSubgraphs } from './subgraphs.ts'

/** An operation planned once, for any variables. */
export interface PlannedOperation {
  readonly supergraph: Supergraph
  readonly subgraphs: ResolvedSubgraphs
  /** What was sent. */
  readonly text: string
  /** With names that cannot collide inside the plan. */
  readonly document: DocumentNode
  /** As the client wrote it. */
  readonly asked: DocumentNode
  readonly operation: OperationDefinitionNode
  readonly plan: Plan
  readonly rootType: GraphQLObjectType
  readonly clientName: (name: string) => string
  readonly variableName: (name: string) => string
  /** The answer's shape for these variables. */
  readonly selections: (variables: VariableValues) => Selections
  /** Variables that @skip and @include ask, in the names of the plan: with the same values the shape is the same. */
  readonly conditions: readonly string[]
  /** What the viewer may not see of it: the plan does not ask for that. Undefined: nothing is refused. */
  readonly refusals: Refusals | undefined
  /** What the client calls each label of a deferred fragment in `document`. Undefined: nothing is deferred. */
  readonly labels: ReadonlyMap<string, string | undefined> | undefined
  /** The plan is empty although fields were asked for: no subgraph can resolve them. */
  readonly unresolvable: boolean
}

/** A planned operation with the variables of one request. */
export class Prepared implements PreparedOperation {
  readonly kind: PreparedOperation['kind']
  readonly name: string | undefined
  readonly planned: PlannedOperation
  /** Coerced, in the names of the plan. */
  readonly variables: VariableValues
  readonly cost: OperationCost
  readonly subscription: SubscriptionIdentity | undefined

  constructor(
    planned: PlannedOperation,
    variables: VariableValues,
    cost: OperationCost,
    subscription?: SubscriptionIdentity,
  ) {
    this.kind = planned.operation.operation
    this.name = planned.operation.name?.value
    this.planned = planned
    this.variables = variables
    this.cost = cost
    this.subscription = subscription
  }

  get text(): string {
    return this.planned.text
  }

  get incremental(): boolean {
    return this.planned.labels !== undefined
  }

  get rootFields(): ReadonlyMap<string, number> {
    return rootFieldsOf(this.planned)
  }

  get textWithoutValues(): string {
    return textOf(this.planned)
  }

  get waitMs(): number | undefined {
    return this.kind === 'query' ? waitMsOf(this.planned.operation, this.variables) : undefined
  }
}

const counted = new WeakMap<PlannedOperation, ReadonlyMap<string, number>>()

function rootFieldsOf(planned: PlannedOperation): ReadonlyMap<string, number> {
  const known =
    counted.get(planned) ?? countRootFields(planned.document, planned.operation, planned.rootType.name)
  counted.set(planned, known)
  return known
}

/** Lives as long as the plan is cached. */
const texts = new WeakMap<PlannedOperation, string>()

function textOf(planned: PlannedOperation): string {
  const { asked, operation, supergraph } = planned
  const known = texts.get(planned) ?? withoutValues(asked, operation.name?.value, supergraph.apiSchema)
  texts.set(planned, known)
  return known
}
