import { Kind, OperationTypeNode, visit } from 'graphql'
import type { DocumentNode, FragmentDefinitionNode, GraphQLSchema } from 'graphql'
import { ConditionSamples } from './condition-samples.ts'
import { fetchedBy } from './fetched-fields.ts'
import type { FetchAt } from './fetched-fields.ts'
import type { JoinedCondition } from './joined-conditions.ts'
import { faultsMax, PlanComparison } from './plan-comparison.ts'
import type { Plan } from './plan.ts'
import { WantedFields } from './wanted-fields.ts'

/** An operation as it was planned. */
export interface LintedOperation {
  readonly document: DocumentNode
  /** Undefined: it has only one operation. */
  readonly operationName: string | undefined
  readonly joined: readonly JoinedCondition[]
}

export interface PlanFaults {
  /**
   * What makes answers wrong: fields of the operation that no fetch brings, or not always when they are asked for, or with other
   * arguments; mutations that are made although nobody asks for them; and fetches that ask for two things under one name. Not
   * looked at: what stands in fragments that only some of the objects at a place can be in, since a plan leaves out those that
   * its subgraphs cannot answer with.
   */
  readonly faults: readonly string[]
  /** Fields of a query that are fetched when nobody asks for them, or of whom: answers are right, but errors may be told of them. */
  readonly excess: readonly string[]
  /**
   * Fields that are asked of objects of several types and fetched for some of these types only, from a subgraph that knows them
   * as an @interfaceObject. Wrong, unless no object of the other types can be there.
   */
  readonly doubts: readonly string[]
  /** Every fetch, for closer looks. */
  readonly fetches: readonly FetchAt[]
}

/** What is wrong with a plan, given its operation with the conditions joined. */
export function lintPlan(
  plan: Plan,
  { document, operationName, joined }: LintedOperation,
  schema: GraphQLSchema,
): PlanFaults {
  const samples = new ConditionSamples(conditionsIn(document), joined)
  const { fields, conflicts, fetches } = fetchedBy(plan, samples)
  const faults = conflicts.map(key => `a fetch asks for two things under the name "${key}"`)
  const excess: string[] = []
  const doubts: string[] = []
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const each of document.definitions) {
    if (each.kind === Kind.FRAGMENT_DEFINITION) fragments.set(each.name.value, each)
  }
  for (const each of document.definitions) {
    if (each.kind !== Kind.OPERATION_DEFINITION) continue
    const root = schema.getRootType(each.operation)
    const named = operationName === undefined || each.name?.value === operationName
    if (!root || !named) continue
    const comparison = new PlanComparison(schema, fragments, faults, doubts, samples)
    comparison.compare(each.selectionSet, root, fields, [], samples.all)
    const wanted = new WantedFields(schema)
    wanted.add(each.selectionSet, samples.all, samples, fragments)
    for (const path of wanted.excess(fields)) {
      const told = `${path.join('.')} is fetched when nobody asks for it`
      // A mutation that nobody asked for is made; what is fetched of its answer is only read.
      if (each.operation === OperationTypeNode.MUTATION && path.length === 1) faults.push(told)
      else excess.push(told)
    }
  }
  return {
    faults: faults.slice(0, faultsMax),
    excess: excess.slice(0, faultsMax),
    doubts: doubts.slice(0, faultsMax),
    fetches,
  }
}

/** The variables of @skip and @include. */
function conditionsIn(document: DocumentNode): readonly string[] {
  const names = new Set<string>()
  visit(document, {
    Directive({ name, arguments: given = [] }) {
      const value = given[0]?.value
      const isCondition = name.value === 'skip' || name.value === 'include'
      if (isCondition && value?.kind === Kind.VARIABLE) names.add(value.name.value)
    },
  })
  return [...names]
}
