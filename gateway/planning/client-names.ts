import { Kind, print, visit } from 'graphql'
import type { DocumentNode, FieldNode, SelectionNode } from 'graphql'
import type { ReservedNames } from '../supergraph/reserved-names.ts'

/** A document whose names cannot collide with those that plans use for themselves, and the way back. */
export interface SafeDocument {
  readonly node: DocumentNode
  /** What the client calls the response name of the document. */
  readonly clientName: (name: string) => string
  /** What the document calls a variable of the client. */
  readonly variableName: (name: string) => string
}

/**
 * Renames what of a client would collide inside a plan: a plan fetches the fields of keys and of @requires under their
 * own names, and Apollo's planner does not look whether the client has given such a name to something else
 * (`id: title`), or asks the same field with other arguments than a @requires does.
 */
export function withSafeNames(document: DocumentNode, text: string, reserved: ReservedNames): SafeDocument {
  const prefix = unusedPrefix(text)
  const aliases = new Map<string, string>()
  const clientNames = new Map<string, string>()
  const variables = new Map<string, string>()
  const node = visit(document, {
    Field(field) {
      if (!collides(field, reserved)) return undefined
      const key = (field.alias ?? field.name).value
      const identity = JSON.stringify([key, field.name.value, (field.arguments ?? []).map(print).sort()])
      const alias = aliases.get(identity) ?? `${prefix}${aliases.size}_${key}`
      aliases.set(identity, alias)
      clientNames.set(alias, key)
      return { ...field, alias: { kind: Kind.NAME, value: alias } }
    },
    Variable(variable) {
      const name = variable.name.value
      if (name !== 'representations' && !name.startsWith('contextualArgument_')) return undefined
      const renamed = `${prefix}${name}`
      variables.set(name, renamed)
      return { ...variable, name: { kind: Kind.NAME, value: renamed } }
    },
  })
  return {
    node,
    clientName: name => clientNames.get(name) ?? name,
    variableName: name => variables.get(name) ?? name,
  }
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

/**
 * The document with `__typename` in every selection set that has no field without a condition: Apollo's planner drops a
 * field whose selections exclude each other (`posts @skip(if: $x) { id @include(if: $x) }`) instead of fetching an
 * object without fields.
 */
export function withoutEmptySelections(document: DocumentNode): DocumentNode {
  return visit(document, {
    SelectionSet(set, _key, parent) {
      const ofOperation = parent !== undefined && 'operation' in parent
      if (ofOperation || set.selections.some(isUnconditionalField)) return undefined
      return { ...set, selections: [...set.selections, typename] }
    },
  })
}

function isUnconditionalField(selection: SelectionNode): boolean {
  return selection.kind === Kind.FIELD && (selection.directives?.length ?? 0) === 0
}

function collides(field: FieldNode, reserved: ReservedNames): boolean {
  const name = field.name.value
  if (reserved.withArguments.has(name)) return true
  // Asked without arguments by a key or a @requires, which would replace the client's.
  if (reserved.fields.has(name) && (field.arguments?.length ?? 0) > 0) return true
  const alias = field.alias?.value
  if (alias === undefined || alias === name) return false
  // `__alias_` is how Apollo's planner names fields that two types do not share.
  return reserved.fields.has(alias) || alias.includes('__alias_')
}

function unusedPrefix(text: string): string {
  let prefix = '_e'
  while (text.includes(prefix)) prefix += '_'
  return prefix
}
