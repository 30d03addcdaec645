import type { OperationDefinitionNode } from 'graphql'
import type { ValidDocument } from './document.ts'
import { refused } from './refusal.ts'

/** The operation to run. Throws RequestRefused with OPERATION_RESOLUTION_FAILURE unless name and document determine one. */
export function selectOperation(document: ValidDocument, name: string | undefined): OperationDefinitionNode {
  const [first, second] = document.operations
  if (first === undefined) throw refused('OPERATION_RESOLUTION_FAILURE', 'the document contains no operation')
  if (name === undefined || name === '') {
    if (second === undefined) return first
    throw refused(
      'OPERATION_RESOLUTION_FAILURE',
      'the document contains several operations; operationName must name one',
    )
  }
  const found = document.operations.find(operation => operation.name?.value === name)
  if (found !== undefined) return found
  throw refused(
    'OPERATION_RESOLUTION_FAILURE',
    `the document contains no operation named ${JSON.stringify(shortened(name))}`,
  )
}

function shortened(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name
}
