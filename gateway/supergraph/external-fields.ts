import { Kind } from 'graphql'
import type { ConstDirectiveNode, DocumentNode, SelectionSetNode, TypeNode } from 'graphql'
import { argumentText, graphNames, selectionOf } from './graph-names.ts'

/** How subgraphs declare a field. */
export interface DeclaredField {
  /** The type of what it holds, without lists. */
  readonly type: string
  /** Subgraphs that declare it for others to provide, and do not answer it themselves. */
  readonly externalIn: ReadonlySet<string>
  /** What each subgraph provides below it: fields that are external to it elsewhere. */
  readonly provides: ReadonlyMap<string, SelectionSetNode>
  /** What each subgraph computes it from, and must be given. */
  readonly requires: ReadonlyMap<string, SelectionSetNode>
  /** Subgraphs between which a label moves it. */
  readonly moves: ReadonlyMap<string, Move>
}

/** Which side of a progressive @override a subgraph is on. */
export interface Move {
  readonly label: string
  /** It answers while the label is active, or while it is not. */
  readonly answersWhen: 'active' | 'inactive'
}

/** The fields of each type, by names; empty when no field is external anywhere or moved by a label. */
export type ExternalFields = ReadonlyMap<string, ReadonlyMap<string, DeclaredField>>

/**
 * Reads @external, @provides, @requires and labels of @override from a composed supergraph (https://specs.apollo.dev/join/v0.4). Fields of
 * a subgraph's own keys are never external, nor moved: it is told of them.
 */
export function externalFields(supergraph: DocumentNode): ExternalFields {
  const names = graphNames(supergraph)
  const types = new Map<string, ReadonlyMap<string, DeclaredField>>()
  let any = false
  for (const definition of supergraph.definitions) {
    if (
      definition.kind !== Kind.OBJECT_TYPE_DEFINITION &&
      definition.kind !== Kind.INTERFACE_TYPE_DEFINITION
    ) {
      continue
    }
    const keys = keyFields(definition.directives ?? [])
    const fields = (definition.fields ?? []).map(({ name, type, directives = [] }) => {
      const externalIn = new Set<string>()
      const provides = new Map<string, SelectionSetNode>()
      const requires = new Map<string, SelectionSetNode>()
      const moves = new Map<string, Move>()
      for (const join of directives.filter(each => each.name.value === 'join__field')) {
        const graph = argumentText(join, 'graph') ?? ''
        const subgraph = names.get(graph) ?? ''
        const provided = argumentText(join, 'provides')
        if (provided !== undefined) provides.set(subgraph, selectionOf(provided))
        const required = argumentText(join, 'requires')
        if (required !== undefined) requires.set(subgraph, selectionOf(required))
        if (keys.get(graph)?.has(name.value) === true) continue
        if (isTrue(join, 'external')) externalIn.add(subgraph)
        const label = argumentText(join, 'overrideLabel')
        if (label === undefined) continue
        const isNew = argumentText(join, 'override') !== undefined
        moves.set(subgraph, { label, answersWhen: isNew ? 'active' : 'inactive' })
      }
      any ||= externalIn.size > 0 || moves.size > 0
      return [name.value, { type: namedType(type), externalIn, provides, requires, moves }] as const
    })
    types.set(definition.name.value, new Map(fields))
  }
  return any ? types : new Map()
}

/** The fields of keys, by the subgraph's value of `join__Graph`. */
function keyFields(directives: readonly ConstDirectiveNode[]): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const join of directives) {
    const key = argumentText(join, 'key')
    if (join.name.value !== 'join__type' || key === undefined) continue
    const graph = argumentText(join, 'graph') ?? ''
    const known = found.get(graph) ?? new Set()
    for (const each of selectionOf(key).selections) if (each.kind === Kind.FIELD) known.add(each.name.value)
    found.set(graph, known)
  }
  return found
}

function isTrue({ arguments: given = [] }: ConstDirectiveNode, wanted: string): boolean {
  const value = given.find(({ name }) => name.value === wanted)?.value
  return value?.kind === Kind.BOOLEAN && value.value
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type)
}
