import { isKeyField } from './data.ts'
import type { Draft, DraftField, DraftObject } from './draft.ts'
import { isInterfaceEntityMember } from './random-directives.ts'
import { homeIn, namedType } from './graph-model.ts'
import type { Random } from './random.ts'

/** Adds @provides of fields below fields: `@provides(fields: "author { name }")`. */
export function addNestedProvides(draft: Draft, random: Random): void {
  for (const object of draft.objects.values()) {
    for (const field of object.fields) if (random.chance(35)) addTo(draft, random, field)
  }
}

function addTo(draft: Draft, random: Random, field: DraftField): void {
  const target = entityOf(draft, field)
  const home = field.homes.find(
    ({ as, requires, provides }) => as === 'answers' && requires === undefined && provides === undefined,
  )
  if (target === undefined || home === undefined) return
  const { subgraph } = home
  if (isInterfaceEntityMember(draft, target, subgraph)) return
  const ways = target.fields.flatMap(middle => {
    const entity = entityOf(draft, middle)
    const own = homeIn(middle, subgraph)
    const fits =
      entity !== undefined &&
      isPlain(middle) &&
      draft.admits(subgraph, entity.name) &&
      !isInterfaceEntityMember(draft, entity, subgraph) &&
      (own === undefined || (own.as === 'answers' && own.requires === undefined))
    const leaves = fits
      ? entity.fields.filter(
          leaf => leaf.of.length === 0 && isPlain(leaf) && homeIn(leaf, subgraph) === undefined,
        )
      : []
    return leaves.map(leaf => ({ middle, leaf }))
  })
  if (ways.length === 0) return
  const { middle, leaf } = random.pick(ways)
  if (homeIn(middle, subgraph) === undefined) {
    middle.homes.push({ subgraph, as: 'external' })
    draft.knowTypesOf(middle, subgraph)
  }
  leaf.homes.push({ subgraph, as: 'external' })
  home.provides = `${middle.name} { ${leaf.name} }`
}

/** The entity that every object of a field is. */
function entityOf(draft: Draft, { type, of }: DraftField): DraftObject | undefined {
  const object = draft.objects.get(namedType(type))
  return object !== undefined && object.keys.length > 0 && of.length === 1 && of[0] === object.name
    ? object
    : undefined
}

/** May another subgraph declare it to provide it? */
function isPlain({ name, args, homes, context }: DraftField): boolean {
  return (
    !isKeyField(name) &&
    args.length === 0 &&
    context === undefined &&
    homes.some(({ as, requires }) => as === 'answers' && requires === undefined) &&
    homes.every(({ label }) => label === undefined)
  )
}
