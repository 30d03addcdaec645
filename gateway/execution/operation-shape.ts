import { BREAK, Kind, visit } from 'graphql'
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { VariableValues } from '../operation/variables.ts'
import { Selections, ShapeSource } from './shape.ts'

/** The shape of an operation's answer for any variables; the same one for all of them when there are no conditions. */
export function selectionsOf(
  schema: GraphQLSchema,
  { definitions }: DocumentNode,
  name: string | undefined,
  clientName: (name: string) => string,
): (variables: VariableValues) => Selections {
  const fragments = new Map(
    definitions.filter(each => each.kind === Kind.FRAGMENT_DEFINITION).map(each => [each.name.value, each]),
  )
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions }
  const { selectionSet } = operationNamed(document, name)
  const source = (variables: VariableValues): Selections =>
    new Selections([selectionSet], new ShapeSource(schema, fragments, variables, clientName))
  return hasConditions(document) ? source : constant(source({}))
}

export function operationNamed(
  { definitions }: DocumentNode,
  name: string | undefined,
): OperationDefinitionNode {
  const found = definitions.find(each => each.kind === Kind.OPERATION_DEFINITION && each.name?.value === name)
  if (found?.kind === Kind.OPERATION_DEFINITION) return found
  throw new EnneadError('INTERNAL', 'the operation was lost')
}

function hasConditions(document: DocumentNode): boolean {
  let found = false
  visit(document, {
    Directive(directive) {
      const name = directive.name.value
      if (name !== 'skip' && name !== 'include') return undefined
      found = true
      return BREAK
    },
  })
  return found
}

function constant(selections: Selections): () => Selections {
  return () => selections
}
