import { Kind } from 'graphql'
import type { ConstDirectiveNode, DocumentNode } from 'graphql'

/** How long a list is, as `@listSize` says. */
export interface ListSize {
  /** Undefined: nothing is said. */
  readonly assumedSize: number | undefined
  /** Arguments that hold the size. */
  readonly slicingArguments: readonly string[]
  /** Lists directly inside the object that have this size; empty: the field itself is the list. */
  readonly sizedFields: readonly string[]
  readonly requireOneSlicingArgument: boolean
}

/**
 * What a supergraph says of costs: `@cost` and `@listSize` of https://specs.apollo.dev/cost/v0.1, which follow IBM's
 * https://ibm.github.io/graphql-specs/cost-spec.html. Keys are coordinates: `Type`, `Type.field`, `Type.field(argument:)`.
 */
export interface CostDirectives {
  readonly weights: ReadonlyMap<string, number>
  readonly listSizes: ReadonlyMap<string, ListSize>
}

/** Reads the directives of costs under the names that the supergraph has linked them with. */
export function costDirectives(document: DocumentNode): CostDirectives {
  const names = directiveNames(document)
  const weights = new Map<string, number>()
  const listSizes = new Map<string, ListSize>()
  const read = (coordinate: string, directives: readonly ConstDirectiveNode[] = []): void => {
    for (const directive of directives) {
      const name = directive.name.value
      const weight = name === names.cost ? numberOf(directive, 'weight') : undefined
      if (weight !== undefined) weights.set(coordinate, weight)
      if (name === names.listSize) listSizes.set(coordinate, listSizeOf(directive))
    }
  }
  for (const definition of document.definitions) {
    if (!('name' in definition) || definition.name === undefined) continue
    const type = definition.name.value
    if (definition.kind === Kind.SCALAR_TYPE_DEFINITION || definition.kind === Kind.ENUM_TYPE_DEFINITION) {
      read(type, definition.directives)
    } else if (definition.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION) {
      for (const field of definition.fields ?? []) read(`${type}.${field.name.value}`, field.directives)
    } else if (
      definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
      definition.kind === Kind.INTERFACE_TYPE_DEFINITION
    ) {
      read(type, definition.directives)
      for (const field of definition.fields ?? []) {
        const coordinate = `${type}.${field.name.value}`
        read(coordinate, field.directives)
        for (const each of field.arguments ?? []) read(`${coordinate}(${each.name.value}:)`, each.directives)
      }
    }
  }
  return { weights, listSizes }
}

const specification = /^https:\/\/specs\.apollo\.dev\/cost\/v\d/

/** A supergraph names the directives where it links their specification (https://specs.apollo.dev/link/v1.0). */
function directiveNames(document: DocumentNode): { readonly cost: string; readonly listSize: string } {
  const schema = document.definitions.find(each => each.kind === Kind.SCHEMA_DEFINITION)
  const link = schema?.directives?.find(
    directive => directive.name.value === 'link' && specification.test(stringOf(directive, 'url') ?? ''),
  )
  if (link === undefined) return { cost: 'cost', listSize: 'listSize' }
  const prefix = stringOf(link, 'as') ?? 'cost'
  const imported = new Map<string, string>()
  const imports = valueOf(link, 'import')
  for (const each of imports?.kind === Kind.LIST ? imports.values : []) {
    if (each.kind === Kind.STRING) imported.set(each.value, each.value)
    if (each.kind !== Kind.OBJECT) continue
    const given = new Map(
      each.fields.map(({ name, value }) => [name.value, value.kind === Kind.STRING ? value.value : '']),
    )
    imported.set(given.get('name') ?? '', given.get('as') ?? given.get('name') ?? '')
  }
  return {
    cost: imported.get('@cost')?.slice(1) ?? prefix,
    listSize: imported.get('@listSize')?.slice(1) ?? `${prefix}__listSize`,
  }
}

function listSizeOf(directive: ConstDirectiveNode): ListSize {
  const requireOne = valueOf(directive, 'requireOneSlicingArgument')
  return {
    assumedSize: numberOf(directive, 'assumedSize'),
    slicingArguments: stringsOf(directive, 'slicingArguments'),
    sizedFields: stringsOf(directive, 'sizedFields'),
    requireOneSlicingArgument: requireOne?.kind === Kind.BOOLEAN ? requireOne.value : true,
  }
}

function valueOf(
  directive: ConstDirectiveNode,
  name: string,
): NonNullable<ConstDirectiveNode['arguments']>[number]['value'] | undefined {
  return directive.arguments?.find(argument => argument.name.value === name)?.value
}

function stringOf(directive: ConstDirectiveNode, name: string): string | undefined {
  const value = valueOf(directive, name)
  return value?.kind === Kind.STRING ? value.value : undefined
}

function stringsOf(directive: ConstDirectiveNode, name: string): readonly string[] {
  const value = valueOf(directive, name)
  return value?.kind === Kind.LIST
    ? value.values.flatMap(each => (each.kind === Kind.STRING ? each.value : []))
    : []
}

/** IBM's directive has weights as text, Apollo's as integers. */
function numberOf(directive: ConstDirectiveNode, name: string): number | undefined {
  const value = valueOf(directive, name)
  if (value?.kind !== Kind.INT && value?.kind !== Kind.FLOAT && value?.kind !== Kind.STRING) return undefined
  const number = Number(value.value)
  return Number.isFinite(number) ? number : undefined
}
