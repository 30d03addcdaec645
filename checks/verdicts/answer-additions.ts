import { isAbstractType, isEnumType, isScalarType, Kind } from 'graphql'
import type { DocumentNode, GraphQLNamedType, GraphQLSchema, SelectionSetNode } from 'graphql'
import type { Finding } from './finding.ts'
import { implementationOf } from './possible-types.ts'

type Addition = Pick<Finding, 'kind' | 'coordinate'>

/** What answers of a named type can hold now and could not before: values, members, implementations. */
export class AnswerAdditions {
  readonly #base: GraphQLSchema
  readonly #next: GraphQLSchema
  readonly #known = new Map<string, readonly Addition[]>()

  constructor(base: GraphQLSchema, next: GraphQLSchema) {
    this.#base = base
    this.#next = next
  }

  of(name: string): readonly Addition[] {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const added = this.#find(this.#base.getType(name), this.#next.getType(name))
    this.#known.set(name, added)
    return added
  }

  #find(type: GraphQLNamedType | undefined, now: GraphQLNamedType | undefined): readonly Addition[] {
    if (isEnumType(type) && isEnumType(now)) {
      const added = now.getValues().filter(({ name }) => !type.getValue(name))
      return added.map(({ name }) => ({ kind: 'ENUM_VALUE_ADDED', coordinate: `${type.name}.${name}` }))
    }
    if (isAbstractType(type) && isAbstractType(now)) {
      const before = new Set(this.#base.getPossibleTypes(type).map(({ name }) => name))
      const added = this.#next.getPossibleTypes(now).filter(({ name }) => !before.has(name))
      return added.map(({ name }) => implementationOf(now, name, 'ADDED'))
    }
    if (isScalarType(type) && isScalarType(now)) {
      const same = (type.specifiedByURL ?? undefined) === (now.specifiedByURL ?? undefined)
      return same ? [] : [{ kind: 'SPECIFICATION_CHANGED', coordinate: type.name }]
    }
    return []
  }
}

/** Can an answer to these selections look otherwise for one type than for another? Only then does a new type show. */
export function tellsTypesApart(set: SelectionSetNode, type: string, document: DocumentNode): boolean {
  return set.selections.some(selection => {
    if (selection.kind === Kind.FIELD) return selection.name.value === '__typename'
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const condition = selection.typeCondition?.name.value ?? type
      return condition !== type || tellsTypesApart(selection.selectionSet, type, document)
    }
    const fragment = document.definitions.find(
      each => each.kind === Kind.FRAGMENT_DEFINITION && each.name.value === selection.name.value,
    )
    if (fragment?.kind !== Kind.FRAGMENT_DEFINITION) return true
    const condition = fragment.typeCondition.name.value
    return condition !== type || tellsTypesApart(fragment.selectionSet, type, document)
  })
}
