import { createHash } from 'node:crypto'
import type { Condition, Field } from '../../condition.ts'
import type { RecordQuery } from '../../task-store.ts'
import { storable } from './columns.ts'
import { isOnlyOf } from './walk-bounds.ts'

/** Lists of which each task's place is kept in every order (schema.ts, layout 6). */
const listed: ReadonlySet<Field> = new Set<Field>(['assigneeIds', 'labelIds'])
const ordered: ReadonlySet<Field> = new Set<Field>(['createdAt', 'updatedAt', 'dueAt', 'priority'])
/** One page is looked for in each of so many lists at most; of more, their tasks are collected. */
const branchesMax = 8

/** A part of what a list asks for: tasks that fulfil `where`, of all, or of those of one person's or label's list. */
export interface Branch {
  /** The list in whose order they are; undefined: all tasks. */
  readonly list: string | undefined
  /** They are in one of each of these lists, too. */
  readonly also: readonly (readonly string[])[]
  readonly where: Condition
}

/**
 * The branches whose first pages together hold the first page of the query; undefined where the places in lists do not help.
 * What stands on the first page of the whole stands on that of every branch it is of, so that no other page is needed.
 */
export function branchesOf({
  kind,
  where,
  order,
  behind,
  workspaceId,
}: RecordQuery): readonly Branch[] | undefined {
  if (kind !== 'task' || !ordered.has(order.field)) return undefined
  const parts = conjuncts(where)
  const byLists = (all: readonly Condition[]): readonly Branch[] | undefined => {
    const asked = all.flatMap(part => {
      const lists = listsIn(part, workspaceId)
      return lists === undefined ? [] : [{ part, lists }]
    })
    const [first, ...others] = asked.toSorted((left, right) => left.lists.length - right.lists.length)
    const of = all.filter(part => !asked.some(one => one.part === part))
    const also = others.map(other => other.lists)
    return first?.lists.map(list => ({ list, also, where: { is: 'all', of } }))
  }
  const found = byLists(parts) ?? byAlternatives(parts, byLists)
  const branches = found !== undefined && found.length > 0 && found.length <= branchesMax ? found : undefined
  if (order.direction !== 'descending' || order.field !== 'dueAt' || behind?.value !== null) return branches
  return (branches ?? [{ list: undefined, also: [], where }]).flatMap(branch => apartByDate(branch))
}

/** A page that goes on among those without a date, and from there to those with one, begins in two places of the index. */
function apartByDate(branch: Branch): readonly Branch[] {
  if (isOnlyOf(branch.where, 'dueAt', 'null') || isOnlyOf(branch.where, 'dueAt', 'value')) return [branch]
  const none: Condition = { is: 'in', field: 'dueAt', values: [null] }
  return [none, { is: 'not', of: none } as const].map(part => ({
    ...branch,
    where: { is: 'all', of: [branch.where, part] },
  }))
}

/** `or` of which one side is a list of places: each of its sides is a branch. */
function byAlternatives(
  parts: readonly Condition[],
  byLists: (all: readonly Condition[]) => readonly Branch[] | undefined,
): readonly Branch[] | undefined {
  for (const either of parts.filter(part => part.is === 'any')) {
    const rest = parts.filter(part => part !== either)
    const sides = either.of.map(side => {
      const all = [...conjuncts(side), ...rest]
      return { lists: byLists(all), where: { is: 'all', of: all } as const }
    })
    if (sides.some(({ lists }) => lists !== undefined)) {
      return sides.flatMap(({ lists, where }) => lists ?? [{ list: undefined, also: [], where }])
    }
  }
  return undefined
}

function conjuncts(where: Condition): readonly Condition[] {
  return where.is === 'all' ? where.of.flatMap(conjuncts) : [where]
}

/** The lists of which the task is to be in one; undefined: something else is asked for, or may be instead. */
function listsIn(part: Condition, workspaceId: string): readonly string[] | undefined {
  if (part.is !== 'in' || !listed.has(part.field)) return undefined
  const ids = part.values.filter(value => typeof value === 'string')
  if (ids.length < part.values.length) return undefined
  return [...new Set(ids)].map(id => listOf(part.field, workspaceId, id))
}

/** As `list_of` of the schema has it; with a length, so that no two ids of workspaces and their lists read the same. */
function listOf(field: Field, workspaceId: string, id: string): string {
  const workspace = storable(workspaceId)
  const named = [field, Buffer.byteLength(workspace), workspace, storable(id)].join(' ')
  const hash = createHash('sha256').update(named).digest('hex')
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
