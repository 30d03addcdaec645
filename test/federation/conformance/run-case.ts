import { isDeepStrictEqual } from 'node:util'
import { Kind, OperationTypeNode, parse, print, stripIgnoredCharacters } from 'graphql'
import type { FieldNode, SelectionNode, SelectionSetNode } from 'graphql'
import type { GraphQLAnswer } from '../../../gateway/engine.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { federated } from '../../support/federated.ts'
import type { Federated, Resolvers, SubgraphDefinition } from '../../support/federated.ts'
import type { EngineVariant } from '../engine-variants.ts'
import type {
  ConformanceCase,
  ConformanceOperation,
  ConformanceSubgraph,
  SubgraphData,
} from './conformance-case.ts'

/** What came of one operation, in the form in which cases expect it. */
export interface Seen {
  readonly data?: string | undefined
  readonly errors: readonly string[]
  readonly events?: readonly unknown[]
  readonly fetches: readonly string[]
}

/** What operations are asked of. */
export type Tested = Pick<Federated, 'ask' | 'subscribe' | 'subgraph'>

/** Runs the operations of a case, one after the other, on one engine. */
export async function runCase(each: ConformanceCase, variant: EngineVariant): Promise<readonly Seen[]> {
  const tested = federated(definitionsOf(each), each.options, variant.build)
  try {
    const seen: Seen[] = []
    for (const operation of each.operations) {
      seen.push(await runOperation(operation, tested, Object.keys(each.subgraphs)))
    }
    return seen
  } finally {
    await tested.engine.close()
  }
}

type Definitions = Readonly<Record<string, SubgraphDefinition>>

const definitions = new WeakMap<ConformanceCase, Definitions>()

/** The same ones for every engine, so that the schemas are built once. */
export function definitionsOf(each: ConformanceCase): Definitions {
  const known = definitions.get(each)
  if (known !== undefined) return known
  const made = Object.fromEntries(
    Object.entries(each.subgraphs).map(([name, subgraph]) => [
      name,
      { sdl: subgraph.sdl, resolvers: resolversOf(subgraph) },
    ]),
  )
  definitions.set(each, made)
  return made
}

/** @param names The subgraphs of its case. */
export async function runOperation(
  operation: ConformanceOperation,
  tested: Tested,
  names: readonly string[],
): Promise<Seen> {
  for (const name of names) {
    const subgraph = tested.subgraph(name)
    subgraph.requests.length = 0
    const unreachable = new EnneadError('SUBGRAPH_UNREACHABLE', `subgraph "${name}" cannot be reached`)
    subgraph.intercept =
      operation.down?.includes(name) === true ? () => Promise.reject(unreachable) : undefined
  }
  const { query, variables, principal } = operation
  const request = { query, variables }
  if (operation.events !== undefined) {
    const events: unknown[] = []
    for await (const event of await tested.subscribe(request, { principal })) events.push(event)
    return { events: JSON.parse(JSON.stringify(events)) as unknown[], errors: [], fetches: [] }
  }
  const answer = await tested.ask(request, { principal })
  const fetches = names.flatMap(name =>
    tested.subgraph(name).requests.map(sent => fetchText(name, sent.query)),
  )
  return { ...seenIn(answer), fetches: fetches.sort() }
}

function seenIn({ data, errors = [] }: GraphQLAnswer): Pick<Seen, 'data' | 'errors'> {
  const told = errors.map(({ path, extensions }) =>
    errorText({ ...(path && { path }), code: extensions.code }),
  )
  return { data: data === undefined ? undefined : JSON.stringify(data), errors: told.sort() }
}

/** An error as cases compare it. */
export function errorText({ path, code }: { readonly path?: unknown; readonly code: string }): string {
  return `${code} at ${path === undefined ? 'no path' : JSON.stringify(path)}`
}

function fetchText(name: string, query: string): string {
  const definition = parse(query, { noLocation: true }).definitions.find(
    each => each.kind === Kind.OPERATION_DEFINITION,
  )
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`no operation: ${query}`)
  const word = definition.operation === OperationTypeNode.QUERY ? '' : `${definition.operation} `
  const entities = definition.selectionSet.selections.find(
    (each): each is FieldNode => each.kind === Kind.FIELD && each.name.value === '_entities',
  )
  const set = entities?.selectionSet ?? definition.selectionSet
  return `${name} ${word}${selectionText(set)}`
}

function selectionText(set: SelectionSetNode): string {
  const sorted = [...new Set(set.selections.map(oneText).filter(text => text !== ''))].sort()
  return `{ ${sorted.join(' ')} }`
}

function oneText(selection: SelectionNode): string {
  if (selection.kind === Kind.FIELD && selection.name.value === '__typename') return ''
  if (selection.kind === Kind.FRAGMENT_SPREAD) return print(selection)
  if (selection.kind === Kind.FIELD) {
    const { selectionSet, ...head } = selection
    const text = stripIgnoredCharacters(print(head))
    return selectionSet === undefined ? text : `${text} ${selectionText(selectionSet)}`
  }
  const directives = (selection.directives ?? []).map(each => ` ${print(each)}`).join('')
  return `... on ${selection.typeCondition?.name.value}${directives} ${selectionText(selection.selectionSet)}`
}

function resolversOf({ sdl, data = {} }: ConformanceSubgraph): Resolvers {
  const abstract = new Set([...sdl.matchAll(/\b(?:interface|union)\s+(\w+)/g)].map(([, name = '']) => name))
  const types = Object.keys(data).map(type => {
    if (type === 'Subscription') return [type, subscriptionResolvers(data[type])]
    if (roots.has(type)) return [type, fieldResolvers(data, type)]
    const fields = abstract.has(type) ? {} : fieldResolvers(data, type)
    return [
      type,
      {
        ...fields,
        __resolveReference: (given: Readonly<Record<string, unknown>>) => recordOf(data, type, given),
      },
    ]
  })
  const resolvers = Object.fromEntries(types) as Record<string, Record<string, unknown>>
  for (const name of abstract) {
    const __resolveType = (value: { readonly __typename: string }): string => value.__typename
    resolvers[name] = { ...resolvers[name], __resolveType }
  }
  // The table gives every type resolvers of the form that it takes.
  return resolvers as Resolvers
}

const roots: ReadonlySet<string> = new Set(['Query', 'Mutation'])

/** A resolver for every field of the type's records. An object that lacks one has it from the record it agrees with. */
function fieldResolvers(data: SubgraphData, type: string): Record<string, unknown> {
  const names = new Set(recordsOf(data, type).flatMap(record => Object.keys(record)))
  names.delete('__typename')
  return Object.fromEntries(
    [...names].map(name => [
      name,
      (parent: Readonly<Record<string, unknown>> | undefined, args: unknown) => {
        const own = parent !== undefined && Object.hasOwn(parent, name)
        const record =
          roots.has(type) || parent === undefined
            ? recordsOf(data, type)[0]
            : own
              ? parent
              : recordOf(data, type, parent ?? {})
        const value = record?.[name]
        return typeof value === 'function'
          ? (value as (args: unknown, parent: unknown) => unknown)(args, parent)
          : value
      },
    ]),
  )
}

function subscriptionResolvers(records: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(records as Record<string, readonly unknown[]>).map(([name, events]) => [
      name,
      {
        subscribe: async function* () {
          for (const event of events) yield { [name]: event }
        },
      },
    ]),
  )
}

/** The record of `type` that agrees with a representation, with what only the representation has; null: there is none. */
function recordOf(
  data: SubgraphData,
  type: string,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | null {
  const found = recordsOf(data, type).find(record => {
    const shared = Object.keys(given).filter(name => name !== '__typename' && Object.hasOwn(record, name))
    return (
      shared.length > 0 && shared.every(name => isDeepStrictEqual(plain(record[name]), plain(given[name])))
    )
  })
  return found === undefined ? null : { ...given, ...found }
}

function recordsOf(data: SubgraphData, type: string): readonly Readonly<Record<string, unknown>>[] {
  const records: unknown = data[type] ?? []
  // One record, or a list of them.
  return (Array.isArray(records) ? records : [records]) as readonly Readonly<Record<string, unknown>>[]
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null))
}
