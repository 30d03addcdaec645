import { executeSync, Kind } from 'graphql'
import type { DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import type { VariableValues } from '../operation/variables.ts'
import type { FieldsType, Selections } from './shape.ts'
import type { Tree } from './tree.ts'

/** What is asked of the schema itself at the root, answered by graphql-js from the API schema. */
export function introspect(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  type: FieldsType,
  selections: Selections,
  variables: VariableValues,
): Readonly<Tree> {
  const fields: FieldNode[] = selections
    .of(type)
    .filter(({ definition, nodes }) => definition === undefined && nodes[0].name.value !== '__typename')
    .flatMap(({ nodes }) => nodes)
  if (fields.length === 0) return {}
  const fragments = document.definitions.filter(definition => definition.kind === Kind.FRAGMENT_DEFINITION)
  const own: OperationDefinitionNode = {
    ...operation,
    selectionSet: { kind: Kind.SELECTION_SET, selections: fields },
  }
  const result = executeSync({
    schema,
    document: { kind: Kind.DOCUMENT, definitions: [own, ...fragments] },
    variableValues: variables,
  })
  return result.data ?? {}
}
