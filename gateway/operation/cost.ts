import { OperationTypeNode } from 'graphql'
import type { OperationDefinitionNode } from 'graphql'
import type { CostExplanation } from '../engine.ts'
import type { Supergraph } from '../supergraph/supergraph-facts.ts'
import type { ResolvedCostOptions } from './cost-options.ts'
import { CostSchema } from './cost-schema.ts'
import { CostCompiler } from './cost-tree.ts'
import type { CostField } from './cost-tree.ts'
import type { ValidDocument } from './document.ts'
import type { Amount } from './list-sizes.ts'
import { refused } from './refusal.ts'
import type { VariableValues } from './variables.ts'

/** Shown of an operation's fields, the most expensive first. */
const fieldsShownMax = 10

/** What an operation may cost with the variables of one request. */
export interface EstimatedCost {
  readonly estimated: number
  readonly limit: number
  explain(): CostExplanation
}

interface CostTree {
  readonly base: number
  readonly fields: readonly CostField[]
  /** Undefined: it depends on variables. */
  readonly total: number | undefined
}

/** Costs of operations on one supergraph. Everything that does not depend on variables is computed once a document. */
export class CostModel {
  readonly #schema: CostSchema
  readonly #options: ResolvedCostOptions
  readonly #trees = new WeakMap<OperationDefinitionNode, CostTree>()

  constructor({ apiSchema, costs }: Supergraph, options: ResolvedCostOptions) {
    this.#schema = new CostSchema(apiSchema, costs, options.slicingArguments)
    this.#options = options
  }

  /**
   * The cost of a valid operation. Throws RequestRefused: LIMIT_COST naming cost, limit and heaviest path, or
   * BAD_USER_INPUT for a list size that cannot be.
   */
  check(
    document: ValidDocument,
    operation: OperationDefinitionNode,
    variables: VariableValues,
  ): EstimatedCost {
    const tree = this.#tree(document, operation)
    const estimated = tree.total ?? totalOf(tree, variables)
    const { costMax: limit } = this.#options
    if (estimated > limit) {
      const heaviest = heaviestPath(tree.fields, variables)
      throw refused(
        'LIMIT_COST',
        `the operation costs ${estimated}, more than the limit of ${limit}; most of it at ${heaviest}`,
        { cost: estimated, limit, heaviest },
      )
    }
    const explain = (): CostExplanation => ({ estimated, limit, fields: explained(tree.fields, variables) })
    return { estimated, limit, explain }
  }

  #tree(document: ValidDocument, operation: OperationDefinitionNode): CostTree {
    const known = this.#trees.get(operation)
    if (known !== undefined) return known
    const root = this.#schema.schema.getRootType(operation.operation)
    const compiler = new CostCompiler(this.#schema, this.#options, document.fragments)
    const fields = root ? compiler.fields(root, [operation.selectionSet], undefined) : []
    // As Apollo's demand control has it: a write is more than the objects it answers.
    const base = operation.operation === OperationTypeNode.MUTATION ? 10 : 0
    const tree = { base, fields, total: undefined }
    const made = fields.every(isConstant) ? { ...tree, total: totalOf(tree, {}) } : tree
    this.#trees.set(operation, made)
    return made
  }
}

function isConstant({ count, argumentsCost, included, fields }: CostField): boolean {
  if (typeof count === 'function' || typeof argumentsCost === 'function') return false
  return included === undefined && fields.every(isConstant)
}

function totalOf({ base, fields }: CostTree, variables: VariableValues): number {
  return fields.reduce((sum, field) => sum + costOf(field, variables), base)
}

function costOf(field: CostField, variables: VariableValues): number {
  if (field.included !== undefined && !field.included(variables)) return 0
  let one = field.weight
  for (const inner of field.fields) one += costOf(inner, variables)
  return amount(field.count, variables) * one + amount(field.argumentsCost, variables)
}

function amount(value: Amount, variables: VariableValues): number {
  return typeof value === 'number' ? value : value(variables)
}

/** Down the most expensive field of each level, to the one that makes most of the cost by itself. */
function heaviestPath(fields: readonly CostField[], variables: VariableValues): string {
  const path: string[] = []
  for (let level = fields; level.length > 0;) {
    const [heaviest] = level.toSorted((left, right) => costOf(right, variables) - costOf(left, variables))
    if (heaviest === undefined || costOf(heaviest, variables) === 0) break
    path.push(heaviest.key)
    level = heaviest.fields
  }
  return path.join('.')
}

function explained(fields: readonly CostField[], variables: VariableValues): CostExplanation['fields'] {
  const found: { path: string; cost: number; values: number }[] = []
  const look = (level: readonly CostField[], outer: string, times: number): void => {
    for (const field of level) {
      if (field.included !== undefined && !field.included(variables)) continue
      const path = outer === '' ? field.key : `${outer}.${field.key}`
      const values = times * amount(field.count, variables)
      const cost = values * field.weight + times * amount(field.argumentsCost, variables)
      if (cost > 0) found.push({ path, cost, values })
      look(field.fields, path, values)
    }
  }
  look(fields, '', 1)
  return found.sort((left, right) => right.cost - left.cost).slice(0, fieldsShownMax)
}
