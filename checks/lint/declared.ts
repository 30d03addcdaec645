import { isTypeDefinitionNode, isTypeExtensionNode, Kind, parse } from 'graphql'
import type { ConstDirectiveNode, FieldDefinitionNode, StringValueNode } from 'graphql'

/** One declaration of a schema text, as lint rules look at it. */
export interface Declared {
  readonly coordinate: string
  readonly what: 'type' | 'field' | 'argument' | 'input field' | 'enum value'
  readonly name: string
  readonly described: boolean
  readonly directives: readonly ConstDirectiveNode[]
  /** Only of fields that are answered. */
  readonly field: FieldDefinitionNode | undefined
}

interface Node {
  readonly name: { readonly value: string }
  readonly description?: StringValueNode | undefined
  readonly directives?: readonly ConstDirectiveNode[] | undefined
}

/** Everything that a schema text declares and that is not federation's own. */
export function declaredIn(sdl: string): readonly Declared[] {
  const found: Declared[] = []
  const add = (coordinate: string, what: Declared['what'], node: Node, field?: FieldDefinitionNode): void => {
    const { name, description, directives = [] } = node
    const described = description !== undefined && description.value.trim() !== ''
    found.push({ coordinate, what, name: name.value, described, directives, field })
  }
  for (const definition of parse(sdl).definitions) {
    if (!isTypeDefinitionNode(definition) && !isTypeExtensionNode(definition)) continue
    const type = definition.name.value
    if (type.startsWith('_') || type.includes('__')) continue
    // An extension has no description of its own.
    if (definition.kind.endsWith('TypeDefinition'))
      add(type, 'type', { ...definition, name: definition.name })
    const fields = 'fields' in definition ? (definition.fields ?? []) : []
    for (const field of fields) {
      const at = `${type}.${field.name.value}`
      if (field.kind === Kind.INPUT_VALUE_DEFINITION) {
        add(at, 'input field', field)
        continue
      }
      add(at, 'field', field, field)
      for (const argument of field.arguments ?? [])
        add(`${at}(${argument.name.value}:)`, 'argument', argument)
    }
    const values = 'values' in definition ? (definition.values ?? []) : []
    for (const value of values) add(`${type}.${value.name.value}`, 'enum value', value)
  }
  return found
}
