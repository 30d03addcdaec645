import { Kind } from 'graphql'
import type { ConstDirectiveNode, DocumentNode } from 'graphql'

/**
 * What somebody must have to see an element. All three must be met; of `scopes` and `policies` one inner list, with
 * everything in it. No lists: nothing is asked for.
 */
export interface AccessRequirement {
  /** Where the schema says so: `Type` or `Type.field`. */
  readonly coordinate: string
  readonly scopes: readonly (readonly string[])[]
  readonly policies: readonly (readonly string[])[]
}

/**
 * Who may see what of a supergraph: `@authenticated`, `@requiresScopes` and `@policy` of
 * https://specs.apollo.dev/authenticated/v0.1, requiresScopes/v0.1 and policy/v0.1, by coordinate. Every requirement asks
 * for a verified identity. Composition has joined what subgraphs say, and given interfaces what their types ask for.
 */
export type AccessRules = ReadonlyMap<string, AccessRequirement>

/** Reads them under the names that the supergraph has linked them with. */
export function accessRules(document: DocumentNode): AccessRules {
  const names = {
    authenticated: linkedName(document, 'authenticated'),
    requiresScopes: linkedName(document, 'requiresScopes'),
    policy: linkedName(document, 'policy'),
  }
  const rules = new Map<string, AccessRequirement>()
  const read = (coordinate: string, directives: readonly ConstDirectiveNode[] = []): void => {
    const find = (name: string | undefined): ConstDirectiveNode | undefined =>
      directives.find(directive => directive.name.value === name)
    const [scopes, policies] = [find(names.requiresScopes), find(names.policy)]
    if (scopes === undefined && policies === undefined && find(names.authenticated) === undefined) return
    rules.set(coordinate, {
      coordinate,
      scopes: scopes === undefined ? [] : lists(scopes, 'scopes'),
      policies: policies === undefined ? [] : lists(policies, 'policies'),
    })
  }
  for (const definition of document.definitions) {
    if (definition.kind === Kind.SCALAR_TYPE_DEFINITION || definition.kind === Kind.ENUM_TYPE_DEFINITION) {
      read(definition.name.value, definition.directives)
    } else if (
      definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
      definition.kind === Kind.INTERFACE_TYPE_DEFINITION
    ) {
      const type = definition.name.value
      read(type, definition.directives)
      for (const field of definition.fields ?? []) read(`${type}.${field.name.value}`, field.directives)
    }
  }
  return rules
}

/** A supergraph names a directive where it links its specification (https://specs.apollo.dev/link/v1.0). */
function linkedName(document: DocumentNode, specification: string): string | undefined {
  const url = new RegExp(`^https://specs\\.apollo\\.dev/${specification}/v\\d`)
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue
    for (const directive of definition.directives ?? []) {
      if (directive.name.value !== 'link' || !url.test(textOf(directive, 'url') ?? '')) continue
      return textOf(directive, 'as') ?? specification
    }
  }
  return undefined
}

function textOf(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = directive.arguments?.find(argument => argument.name.value === name)?.value
  return value?.kind === Kind.STRING ? value.value : undefined
}

/** A list of lists of strings; a single value stands for a list of it (specification, 3.11, Input Coercion). */
function lists(directive: ConstDirectiveNode, name: string): readonly (readonly string[])[] {
  const value = directive.arguments?.find(argument => argument.name.value === name)?.value
  const outer = value?.kind === Kind.LIST ? value.values : value === undefined ? [] : [value]
  return outer.map(each => {
    const inner = each.kind === Kind.LIST ? each.values : [each]
    return inner.flatMap(text => (text.kind === Kind.STRING ? text.value : []))
  })
}
