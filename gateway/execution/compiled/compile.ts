import type { GraphQLObjectType } from 'graphql'
import type { VariableValues } from '../../operation/variables.ts'
import type { Plan } from '../../planning/plan.ts'
import type { Selections } from '../shape.ts'
import { fetchSources } from './fetch-source.ts'
import { flatPlan } from './flat-plan.ts'
import type { FlatFetch } from './flat-plan.ts'
import type { Batch, CompiledQuery } from './layout.ts'
import { LayoutBuilder, scanned, typename } from './layout-builder.ts'
import type { BuiltField } from './layout-builder.ts'
import { positions } from './position.ts'
import type { Position } from './position.ts'
import { Uncompilable } from './uncompilable.ts'
import { waves } from './waves.ts'

export interface CompileInput {
  readonly plan: Plan
  readonly type: GraphQLObjectType
  /** What the client asks for, with these variables. */
  readonly shape: Selections
  /** Only the values of conditions matter. */
  readonly variables: VariableValues
}

/**
 * Compiles a query: its plan becomes fewer requests, and what it asks for becomes programs that cut the answer out of the
 * bytes of subgraphs. Throws Uncompilable for what only the generic executor can do.
 */
export function compile({ plan, type, shape, variables }: CompileInput): CompiledQuery {
  const fetches = flatPlan(plan, variables)
  const all = positions(fetches, type, shape)
  const { root, needs } = all
  const { batchOf, members } = batched(fetches, waves(fetches, needs))
  const builder = new LayoutBuilder(fetches, batchOf)
  const rootFields = members.map((): BuiltField[] => [])
  const items = shape.of(type).map((field, index): CompiledQuery['items'][number] => {
    const literal = `${index === 0 ? '{' : ','}${JSON.stringify(field.name)}:`
    if (field.definition === undefined) return { literal, origin: typename(field, type.name) }
    const { batch, slot } = addRootField(root, field.key, builder, batchOf, rootFields)
    return { literal, origin: { kind: 'field', batch, slot } }
  })
  const batches = members.map((indices, index): Batch => {
    const fields = rootFields[index] ?? []
    const groups = builder.groups.filter(({ batch }) => batch === index).map(({ group }) => group)
    const own = indices.flatMap(each => fetches[each] ?? [])
    const first = own[0]
    if (first === undefined || (fields.length === 0 && groups.length === 0))
      throw new Uncompilable('a request for nothing')
    const after = new Set(
      indices.flatMap(each => [...(needs[each] ?? [])].map(needed => batchOf[needed] ?? -1)),
    )
    const selections = [
      ...fields.map(({ selection }) => selection),
      ...groups.map(
        ({ selection }, each) =>
          `${alias(each)}:_entities(representations:$${representations(each)})${selection}`,
      ),
    ].join(' ')
    // Those that only conditions or fields from elsewhere used are not declared, since subgraphs refuse unused ones.
    const used = new Set(Array.from(selections.matchAll(/\$(\w+)/g), ([, name]) => name))
    const variables = new Map(own.flatMap(each => [...each.variables].filter(([name]) => used.has(name))))
    if ([...variables.keys()].some(name => name.startsWith('representations_'))) {
      throw new Uncompilable('a variable has our name')
    }
    const declared = [
      ...[...variables].map(([name, type]) => `$${name}:${type}`),
      ...groups.map((_, each) => `$${representations(each)}:[_Any!]!`),
    ]
    const query = `query${declared.length === 0 ? '' : `(${declared.join(',')})`}{${selections}}`
    return {
      index,
      subgraph: first.subgraph,
      root: first.entity === undefined,
      after: [...after].filter(each => each >= 0 && each !== index),
      groups,
      fields: scanned(fields),
      // Bytes, so that they can be joined with what subgraphs answered.
      head: Buffer.from(`{"query":${JSON.stringify(query)}`).toString('latin1'),
      variables: [...variables.keys()],
    }
  })
  const sources = fetchSources(fetches, all, batchOf, batches, builder.groupOf)
  const { layouts, groups, uses } = builder
  return { batches, layouts, groups: groups.length, uses, sources, items }
}

/** The response name of a batch's group, by its place in the batch. */
export function alias(group: number): string {
  return `_${group}`
}

/** The variable with a group's representations. Clients cannot have it: theirs called `representations` are renamed. */
export function representations(group: number): string {
  return `representations_${group}`
}

/** Fetches of one subgraph and one wave are one request. */
function batched(
  fetches: readonly FlatFetch[],
  wavesOf: readonly number[],
): { readonly batchOf: readonly number[]; readonly members: readonly (readonly number[])[] } {
  const byKey = new Map<string, number[]>()
  for (const [index, { subgraph, entity }] of fetches.entries()) {
    const key = `${wavesOf[index]} ${entity === undefined ? 'root' : 'entities'} ${subgraph}`
    byKey.set(key, [...(byKey.get(key) ?? []), index])
  }
  const members = [...byKey.values()]
  const batchOf: number[] = []
  for (const [batch, indices] of members.entries()) for (const index of indices) batchOf[index] = batch
  return { batchOf, members }
}

function addRootField(
  root: Position,
  key: string,
  builder: LayoutBuilder,
  batchOf: readonly number[],
  rootFields: readonly BuiltField[][],
): { readonly batch: number; readonly slot: number } {
  const field = root.fields.get(key)
  const batch = field === undefined ? -1 : (batchOf[field.fetch] ?? -1)
  const fields = rootFields[batch]
  if (field === undefined || fields === undefined) throw new Uncompilable(`"${key}" is not fetched`)
  fields.push(builder.field(field))
  return { batch, slot: fields.length - 1 }
}
