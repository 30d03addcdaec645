import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isScalarType,
  isSpecifiedScalarType,
  Kind,
  print,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type {
  ArgumentNode,
  ConstValueNode,
  DocumentNode,
  GraphQLInputType,
  GraphQLSchema,
  ObjectFieldNode,
  ValueNode,
  VariableDefinitionNode,
} from 'graphql'
import { unreachable } from '../../kernel/errors.ts'

/** Directives whose literals say what is selected, and nothing of anybody. */
const structural: ReadonlySet<string> = new Set(['skip', 'include'])

/**
 * The operation with the fragments it uses, without comments and without values: strings are empty, numbers 0, booleans
 * false, lists have each form of item once, and a value of a custom scalar becomes {} with its variables only. Names that the
 * schema or the client's code gives stay: fields, aliases, variables, enum values, fields of inputs. Operations that differ
 * in values only get the same text. It is valid on `schema` when the document is.
 */
export function withoutValues(
  document: DocumentNode,
  name: string | undefined,
  schema: GraphQLSchema,
): string {
  const separate = separateOperations(document)[name ?? ''] ?? document
  const info = new TypeInfo(schema)
  return print(
    visit(
      separate,
      visitWithTypeInfo(info, {
        Argument: (node: ArgumentNode): ArgumentNode | undefined => {
          if (structural.has(info.getDirective()?.name ?? '')) return undefined
          return { ...node, value: emptied(node.value, info.getInputType()) }
        },
        VariableDefinition: (node: VariableDefinitionNode): VariableDefinitionNode | undefined => {
          if (node.defaultValue === undefined) return undefined
          // A value without variables has none afterwards.
          const defaultValue = emptied(node.defaultValue, info.getInputType()) as ConstValueNode
          return { ...node, defaultValue }
        },
      }),
    ),
  )
}

function emptied(value: ValueNode, given: GraphQLInputType | null | undefined): ValueNode {
  const type = given ? getNullableType(given) : undefined
  const named = type === undefined ? undefined : getNamedType(type)
  if (named === undefined || (isScalarType(named) && !isSpecifiedScalarType(named))) return opaque(value)
  switch (value.kind) {
    case Kind.STRING:
      return { kind: Kind.STRING, value: '' }
    case Kind.INT:
    case Kind.FLOAT:
      return { kind: Kind.INT, value: '0' }
    case Kind.BOOLEAN:
      return { kind: Kind.BOOLEAN, value: false }
    case Kind.ENUM:
      return isEnumType(named) ? value : { kind: Kind.STRING, value: '' }
    case Kind.LIST:
      return listOf(value.values.map(item => emptied(item, isListType(type) ? type.ofType : type)))
    case Kind.OBJECT: {
      if (!isInputObjectType(named)) return opaque(value)
      const known = named.getFields()
      const fields = value.fields.map(field => ({
        ...field,
        value: emptied(field.value, known[field.name.value]?.type),
      }))
      return { ...value, fields }
    }
    case Kind.NULL:
    case Kind.VARIABLE:
      return value
    default:
      return unreachable(value)
  }
}

/** Of a value that no schema describes even keys and enum names may be somebody's data. */
function opaque(value: ValueNode): ValueNode {
  if (value.kind === Kind.NULL || value.kind === Kind.VARIABLE) return value
  // A variable that is declared has to be used, and inside an object it may have any type.
  const fields = new Map<string, ObjectFieldNode>()
  visit(value, {
    Variable: node =>
      void fields.set(node.name.value, { kind: Kind.OBJECT_FIELD, name: node.name, value: node }),
  })
  return { kind: Kind.OBJECT, fields: [...fields.values()] }
}

/** Each item once, so that the length is no value either. */
function listOf(items: readonly ValueNode[]): ValueNode {
  const byText = new Map(items.map(item => [print(item), item]))
  return { kind: Kind.LIST, values: [...byText.values()] }
}
