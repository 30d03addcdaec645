import { isAbstractType, isCompositeType } from 'graphql'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Supergraph } from '../../supergraph/supergraph-facts.ts'
import { isTree } from '../tree.ts'
import type { Tree } from '../tree.ts'
import { unknownType } from './fetch-rules.ts'

/** What an operator wants to be asked for again; at least one of them. */
export interface Forgetting {
  /** Only what this subgraph has answered. Undefined: whichever. */
  readonly subgraph?: string | undefined
  /** Only what may have objects of this type. Undefined: everything of the subgraph. */
  readonly type?: string | undefined
  /** Only what may have the entity of the type with these key fields. */
  readonly key?: Tree | undefined
}

/** The same, checked: with the types that objects of `type` can be asked for as. */
export interface Forgotten {
  readonly subgraph: string | undefined
  readonly types: readonly string[]
  readonly key: Tree | undefined
}

/** Characters of a key at most. */
const keyLengthMax = 2_000

/** Throws BAD_USER_INPUT: who names what there is not would believe that it is forgotten. */
export function checkedForgetting({ subgraph, type, key }: Forgetting, supergraph: Supergraph): Forgotten {
  if (subgraph === undefined && type === undefined) {
    throw refused('name a subgraph, a type, or both')
  }
  const names = supergraph.subgraphs.map(({ name }) => name)
  if (subgraph !== undefined && !names.includes(subgraph)) {
    throw refused(`there is no subgraph ${JSON.stringify(subgraph)}; there are ${names.join(', ')}`)
  }
  if (key !== undefined && type === undefined) throw refused('a key needs its type')
  if (key !== undefined && (Object.keys(key).length === 0 || JSON.stringify(key).length > keyLengthMax)) {
    throw refused(`a key must be an object with the fields of a @key, of at most ${keyLengthMax} characters`)
  }
  return { subgraph, types: type === undefined ? [] : typesOf(type, supergraph), key }
}

function typesOf(name: string, { apiSchema, caching }: Supergraph): readonly string[] {
  const type = apiSchema.getType(name)
  // What clients do not see is kept under one name for all of it, which is forgotten with every type.
  if (type === undefined && caching.entities.has(name)) return [unknownType]
  if (!isCompositeType(type)) {
    throw refused(`there is no object type, interface or union ${JSON.stringify(name)} in this supergraph`)
  }
  const members = isAbstractType(type) ? apiSchema.getPossibleTypes(type).map(each => each.name) : []
  return [name, ...members, unknownType]
}

/** The places of a key's values in a representation, e.g. `[['id'], ['shop', 'name']]`, in one order for all keys alike. */
export function pathsOf(key: Tree): readonly (readonly string[])[] {
  return Object.keys(key)
    .sort()
    .flatMap(name => {
      const value = key[name]
      return isTree(value) ? pathsOf(value).map(path => [name, ...path]) : [[name]]
    })
}

/** The values at `paths` as one text, 1 and "1" being the same. Undefined: one of them is not there. */
export function valuesAt(tree: Tree, paths: readonly (readonly string[])[]): string | undefined {
  const values: unknown[] = []
  for (const path of paths) {
    let at: unknown = tree
    for (const name of path) at = isTree(at) && Object.hasOwn(at, name) ? at[name] : undefined
    if (at === undefined) return undefined
    values.push(at)
  }
  return JSON.stringify(values, (_, value: unknown) =>
    typeof value === 'number' || typeof value === 'boolean' ? String(value) : value,
  )
}

function refused(message: string): EnneadError {
  return new EnneadError('BAD_USER_INPUT', message)
}
