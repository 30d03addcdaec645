import { Kind } from 'graphql'
import type { OperationDefinitionNode } from 'graphql'
import type { VariableValues } from './variables.ts'

/**
 * How long a query asks to wait for something to happen: the longest argument `waitMs` of its root fields, in milliseconds.
 * Undefined: it does not wait. A convention, like `after` and `cursor`; fields in fragments have no part in it.
 */
export function waitMsOf(operation: OperationDefinitionNode, variables: VariableValues): number | undefined {
  let longest = 0
  for (const field of operation.selectionSet.selections) {
    if (field.kind !== Kind.FIELD) continue
    const value = field.arguments?.find(({ name }) => name.value === 'waitMs')?.value
    if (value?.kind === Kind.INT) longest = Math.max(longest, Number(value.value))
    if (value?.kind !== Kind.VARIABLE) continue
    const given = variables[value.name.value]
    if (typeof given === 'number') longest = Math.max(longest, given)
  }
  return longest > 0 ? longest : undefined
}
