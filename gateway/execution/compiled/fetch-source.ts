import type { FetchNode } from '../../planning/plan.ts'
import type { FetchField, FlatFetch } from './flat-plan.ts'
import type { Position, Positions } from './position.ts'

/** Where a compiled query has what a fetch of the plan asks for. */
export interface FetchSource {
  readonly batch: number
  /** The place of its group in the batch; undefined: it asks the root. */
  readonly group: number | undefined
  /** What it requires of an entity, its type's name aside. */
  readonly requires: readonly string[]
  readonly fields: readonly FetchField[]
  /** The objects it adds its fields to. */
  readonly position: Position
  /** No other fetch asks something of the same objects in the same request. */
  readonly alone: boolean
}

/**
 * The sources of those fetches that bring all they are wanted for.
 * @param groupOf The group, of its batch, of each fetch of entities.
 */
export function fetchSources(
  fetches: readonly FlatFetch[],
  { ofFetch }: Positions,
  batchOf: readonly number[],
  batches: readonly { readonly index: number; readonly groups: readonly unknown[] }[],
  groupOf: ReadonlyMap<number, unknown>,
): ReadonlyMap<FetchNode, FetchSource> {
  const sources = new Map<FetchNode, FetchSource>()
  for (const [index, { node, entity, fields }] of fetches.entries()) {
    const position = ofFetch[index]
    const batch = batches[batchOf[index] ?? -1]
    if (position === undefined || batch === undefined) continue
    if (fields.some(({ key, name }) => name !== '__typename' && isElsewhere(key, index, position, fetches)))
      continue
    const found = groupOf.get(index)
    const group = found === undefined ? -1 : batch.groups.indexOf(found)
    if (entity !== undefined && group < 0) continue
    const others = fetches.some(
      (_, other) => other !== index && batchOf[other] === batch.index && groupOf.get(other) === found,
    )
    sources.set(node, {
      batch: batch.index,
      group: entity === undefined ? undefined : group,
      requires: entity?.requires ?? [],
      fields,
      position,
      alone: !others,
    })
  }
  return sources
}

/** Is a field that somebody needs brought by another fetch? */
function isElsewhere(
  key: string,
  fetch: number,
  { type, fields, shape, completed }: Position,
  fetches: readonly FlatFetch[],
): boolean {
  if (fields.get(key)?.fetch === fetch) return false
  const isRequired = [...completed].some(each => fetches[each]?.entity?.requires.includes(key) === true)
  return isRequired || shape.of(type).some(each => each.key === key)
}
