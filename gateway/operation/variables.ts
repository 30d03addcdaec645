import { getVariableValues } from 'graphql'
import type { GraphQLSchema, OperationDefinitionNode } from 'graphql'
import { RequestRefused } from '../engine.ts'
import { answerError } from './refusal.ts'

export type VariableValues = Readonly<Record<string, unknown>>

/** Errors shown for one request's variables. */
const errorsMax = 10

/**
 * Variables with their defaults, checked against their types. Throws RequestRefused with BAD_USER_INPUT, which names
 * the variable in `extensions.variable` and in its message.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  given: VariableValues,
): VariableValues {
  const definitions = operation.variableDefinitions ?? []
  if (definitions.length === 0) return {}
  const result = getVariableValues(schema, definitions, given, { maxErrors: errorsMax })
  if (result.coerced !== undefined) return result.coerced
  throw new RequestRefused(
    result.errors.slice(0, errorsMax).map(error => {
      const shown = answerError(error, 'BAD_USER_INPUT')
      const variable = /^Variable "\$(\w+)"/.exec(error.message)?.[1]
      return variable === undefined ? shown : { ...shown, extensions: { ...shown.extensions, variable } }
    }),
  )
}
