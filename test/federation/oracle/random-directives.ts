import type { Draft, DraftField, DraftObject } from './draft.ts'
import { isKeyField } from './data.ts'
import { homeIn, namedType } from './graph-model.ts'
import { randomArguments } from './random-arguments.ts'
import type { Random } from './random.ts'

/** Adds @requires, @provides and @override where they may stand. */
export function addDirectives(draft: Draft, random: Random): void {
  for (const object of draft.objects.values()) {
    if (object.keys.length === 0) continue
    // What the first has added, the next may require.
    for (const percent of [60, 40, 30]) if (random.chance(percent)) addRequires(draft, random, object)
    if (random.chance(30)) addOverride(draft, random, object)
  }
  for (const object of draft.objects.values()) {
    for (const field of object.fields) if (random.chance(20)) addProvides(draft, random, field)
  }
}

function addRequires(draft: Draft, random: Random, object: DraftObject): void {
  const subgraph = random.pick([...draft.homesOf(object)])
  const candidates = object.fields.filter(
    field =>
      homeIn(field, subgraph) === undefined && !isKeyField(field.name) && isReadable(draft, subgraph, field),
  )
  if (candidates.length === 0 || isInterfaceEntityMember(draft, object, subgraph)) return
  const chosen = random.some(candidates, 1, 2)
  const parts = chosen.map(field => requirement(draft, random, subgraph, field))
  object.fields.push({
    name: `from${object.fields.length}`,
    type: random.pick(['String', 'Int', '[Int]', 'String!']),
    of: [],
    args: randomArguments(random),
    nulls: 10,
    fails: random.chance(15) ? 25 : 0,
    homes: [{ subgraph, as: 'answers', requires: parts.join(' ') }],
  })
}

/** May a @requires of `subgraph` read the field, with everything below it? */
function isReadable(draft: Draft, subgraph: string, field: DraftField): boolean {
  const types = [namedType(field.type), ...field.of]
  const isInterfaceObject = draft.interfaces.some(
    each => each.entityIn !== undefined && types.includes(each.name),
  )
  return (
    !isInterfaceObject &&
    field.args.every(({ type }) => ['Int', 'Boolean'].includes(type)) &&
    types.every(type => draft.admits(subgraph, type)) &&
    field.homes.some(({ as }) => as === 'answers')
  )
}

/** The field as a selection; what a @requires reads must not fail, since nobody could say what follows from it then. */
function requirement(draft: Draft, random: Random, subgraph: string, field: DraftField): string {
  field.fails = 0
  draft.knowTypesOf(field, subgraph)
  field.homes.push({ subgraph, as: 'external' })
  // Clients may not see it, what follows from it they may.
  const shared = draft.interfaces.some(({ fields }) => fields.includes(field.name))
  if (!shared && random.chance(15)) field.inaccessible = true
  const args = field.args
    .filter(() => random.chance(70))
    .map(({ name, type }) => `${name}: ${type === 'Int' ? random.below(4) : 'true'}`)
  const head = `${field.name}${args.length === 0 ? '' : `(${args.join(', ')})`}`
  const type = namedType(field.type)
  for (const each of [type, ...field.of]) spare(draft, each)
  if (field.of.length === 0) return head
  if (field.of.length === 1 && field.of[0] === type)
    return `${head} { ${leaves(draft, random, subgraph, type)} }`
  const fragments = field.of.map(name => `... on ${name} { ${leaves(draft, random, subgraph, name)} }`)
  // Without its type nobody could tell which of them a value is.
  return `${head} { __typename ${fragments.join(' ')} }`
}

/**
 * Nor may what a client asks for beside it empty the objects it reads: fields that must not be null, with what must not be null
 * below them, do not fail.
 */
function spare(draft: Draft, type: string, seen: ReadonlySet<string> = new Set()): void {
  const object = draft.objects.get(type)
  if (object === undefined || seen.has(type)) return
  for (const field of object.fields.filter(each => each.type.includes('!'))) {
    field.fails = 0
    for (const inner of [namedType(field.type), ...field.of]) spare(draft, inner, new Set([...seen, type]))
  }
}

/** One or two fields without arguments of a type that `subgraph` knows. */
function leaves(draft: Draft, random: Random, subgraph: string, type: string): string {
  const object = draft.object(type)
  const usable = object.fields.filter(
    field => field.of.length === 0 && field.args.length === 0 && homeIn(field, subgraph)?.as === 'answers',
  )
  const chosen = random.some(usable, 1, 2)
  for (const field of chosen) field.fails = 0
  if (chosen.length > 0) return chosen.map(({ name }) => name).join(' ')
  draft.addKey(object, 'id', subgraph)
  return 'id'
}

function addOverride(draft: Draft, random: Random, object: DraftObject): void {
  const [old, fresh] = random.some([...draft.homesOf(object)], 2, 2)
  if (old === undefined || fresh === undefined) return
  const candidates = object.fields.filter(
    field =>
      !isKeyField(field.name) &&
      field.homes.length === 1 &&
      field.homes.some(home => home.subgraph === old && home.requires === undefined) &&
      [namedType(field.type), ...field.of].every(type => draft.admits(fresh, type)),
  )
  if (candidates.length === 0 || isInterfaceEntityMember(draft, object, old)) return
  const field = random.pick(candidates)
  field.homes = [{ subgraph: old, as: 'overridden' }]
  // Asked of an interface, planners do not look at labels of what implements it (docs/planning.md).
  const shared = draft.interfaces.some(({ fields }) => fields.includes(field.name))
  const label = !shared && random.chance(60) ? random.pick(overrideLabels) : undefined
  draft.answerIn(field, fresh, { overrides: old, ...(label === undefined ? {} : { label }) })
}

const overrideLabels = ['beta', 'gamma', 'percent(30)', 'percent(70)'] as const

function addProvides(draft: Draft, random: Random, field: DraftField): void {
  const type = namedType(field.type)
  const target = draft.objects.get(type)
  const home = field.homes.find(({ as, requires }) => as === 'answers' && requires === undefined)
  if (target === undefined || home === undefined || target.keys.length === 0) return
  const candidates = target.fields.filter(
    each =>
      each.of.length === 0 &&
      each.args.length === 0 &&
      homeIn(each, home.subgraph) === undefined &&
      each.homes.some(({ as, requires }) => as === 'answers' && requires === undefined) &&
      // It would have to be @shareable in the subgraph that it moves from.
      each.homes.every(({ label }) => label === undefined),
  )
  if (candidates.length === 0 || isInterfaceEntityMember(draft, target, home.subgraph)) return
  const chosen = random.some(candidates, 1, 2)
  for (const each of chosen) each.homes.push({ subgraph: home.subgraph, as: 'external' })
  field.homes = field.homes.map(each =>
    each === home ? { ...home, provides: chosen.map(({ name }) => name).join(' ') } : each,
  )
}

/** External fields of members would have to stand on the interface as well. */
export function isInterfaceEntityMember(draft: Draft, object: DraftObject, subgraph: string): boolean {
  return draft.interfaces.some(
    ({ entityIn, members }) => entityIn === subgraph && members.includes(object.name),
  )
}
