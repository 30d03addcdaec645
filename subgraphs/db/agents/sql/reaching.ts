import { requireReach } from '../../log-order.ts'
import type { SqlRow, Statement } from './lane.ts'
import { count } from './rows.ts'

/** Texts of `Statement`s that were made before, so that what is prepared is found by the same string. */
const texts = new Map<string, string>()
const textsMax = 500

/**
 * The statement, with where the log ends in each of its rows, and in one of its own when it has none: both are of the same
 * moment. It is the inner side of the only join there can be, so that its plan and the order of its rows stay.
 */
export function reachingStatement(statement: Statement): Statement {
  const known = texts.get(statement.text)
  if (known !== undefined) return { ...statement, text: known }
  const text = `select ends.seq as reached, found.* from (select seq from head limit 1) as ends
  left join (${statement.text}) as found on true`
  if (statement.prepared !== false && texts.size < textsMax) texts.set(statement.text, text)
  return { ...statement, text }
}

/** The rows of a `reachingStatement` as those of the statement. Throws AGENT_FAULT when the log ends before `reach`. */
export function rowsReaching(reach: number, rows: readonly SqlRow[]): readonly SqlRow[] {
  const [first] = rows
  requireReach('PostgreSQL', first === undefined ? 0 : count(first, 'reached'), reach)
  const isEmpty =
    rows.length === 1 &&
    Object.entries(first ?? {}).every(([name, value]) => name === 'reached' || value === null)
  return isEmpty ? [] : rows
}
