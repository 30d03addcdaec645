import { EnneadError } from '../../kernel/errors.ts'
import { type Condition, type Field, type Scalar, fields } from './condition.ts'

/** Holds for nothing. */
export const nothing: Condition = { is: 'any', of: [] }

/** Holds for everything. */
export const everything: Condition = { is: 'all', of: [] }

/**
 * A rule's condition, as CASL's `rulesToAST` gives it (null: no rule allows anything), in the form agents understand.
 * Takes `eq`, `in`, `and`, `or` and `not` on fields of records. Throws INTERNAL for anything else: a rule that is not
 * understood must refuse, not be left out.
 */
export function ruleCondition(rule: unknown): Condition {
  if (rule === null) return nothing
  if (!isNode(rule)) throw notUnderstood('a condition without an operator')
  const { operator, value } = rule
  switch (operator) {
    case 'and':
      return { is: 'all', of: parts(value) }
    case 'or':
      return { is: 'any', of: parts(value) }
    case 'not': {
      const [part, ...more] = parts(value)
      if (part === undefined || more.length > 0) throw notUnderstood('"not" of other than one condition')
      return { is: 'not', of: part }
    }
    case 'eq':
      return { is: 'in', field: fieldOf(rule), values: [scalarOf(value)] }
    case 'in':
      if (!Array.isArray(value)) throw notUnderstood('"in" without a list')
      return { is: 'in', field: fieldOf(rule), values: value.map(scalarOf) }
    default:
      throw notUnderstood(`the operator "${operator}"`)
  }
}

interface Node {
  readonly operator: string
  readonly value: unknown
  readonly field?: unknown
}

function isNode(value: unknown): value is Node {
  return (
    typeof value === 'object' && value !== null && 'operator' in value && typeof value.operator === 'string'
  )
}

function parts(value: unknown): readonly Condition[] {
  if (!Array.isArray(value)) throw notUnderstood('a combination of no list')
  return value.map(part => (part === null ? notPossible() : ruleCondition(part)))
}

/** Null means "no rule" only for the whole; inside it is no condition at all. */
function notPossible(): never {
  throw notUnderstood('an empty part')
}

function fieldOf({ field }: Node): Field {
  const known = fields.find(name => name === field)
  if (known === undefined) throw notUnderstood(`the field "${String(field)}"`)
  return known
}

function scalarOf(value: unknown): Scalar | null {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  throw notUnderstood('a value that is no text, number or truth value')
}

function notUnderstood(what: string): EnneadError {
  return new EnneadError('INTERNAL', `a permission rule uses ${what}, which lists do not understand`)
}
