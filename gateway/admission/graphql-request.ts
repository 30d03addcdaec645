import { EnneadError } from '../../kernel/errors.ts'
import type { GraphQLRequest } from '../engine.ts'

/** Deepest nesting of objects and lists in variables; deeper input is an attack on recursive code behind us. */
const variablesDepthMax = 64

/**
 * The GraphQL request in a parsed JSON body (GraphQL over HTTP, section 5.1). Throws BAD_REQUEST naming the member
 * that is wrong; batches are refused.
 */
export function requestFromBody(body: unknown): GraphQLRequest {
  if (Array.isArray(body)) {
    throw new EnneadError('BAD_REQUEST', 'batches are not accepted, send one operation a request')
  }
  if (!isObject(body)) throw new EnneadError('BAD_REQUEST', 'the body must be a JSON object')
  return requestFromMembers(body)
}

/** The GraphQL request in a URL's parameters (GraphQL over HTTP, section 5.3). Throws BAD_REQUEST. */
export function requestFromParameters(parameters: URLSearchParams): GraphQLRequest {
  return requestFromMembers({
    query: parameters.get('query') ?? undefined,
    operationName: parameters.get('operationName') ?? undefined,
    variables: jsonParameter(parameters, 'variables'),
    extensions: jsonParameter(parameters, 'extensions'),
  })
}

/** Members that are null count as absent, as the specification says; unknown members are ignored. */
export function requestFromMembers(members: Readonly<Record<string, unknown>>): GraphQLRequest {
  const { query } = members
  const operationName = members['operationName'] ?? undefined
  const variables = members['variables'] ?? undefined
  const extensions = members['extensions'] ?? undefined
  if (typeof query !== 'string') {
    throw new EnneadError('BAD_REQUEST', `"query" must be a string, got ${nameOfType(query)}`)
  }
  if (operationName !== undefined && typeof operationName !== 'string') {
    throw new EnneadError('BAD_REQUEST', `"operationName" must be a string, got ${nameOfType(operationName)}`)
  }
  if (variables !== undefined && !isObject(variables)) {
    throw new EnneadError('BAD_REQUEST', `"variables" must be an object, got ${nameOfType(variables)}`)
  }
  if (extensions !== undefined && !isObject(extensions)) {
    throw new EnneadError('BAD_REQUEST', `"extensions" must be an object, got ${nameOfType(extensions)}`)
  }
  if (variables !== undefined) checkVariables(variables)
  return { query, operationName, variables }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function jsonParameter(parameters: URLSearchParams, name: string): unknown {
  const text = parameters.get(name)
  if (text === null || text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new EnneadError('BAD_REQUEST', `the parameter "${name}" must be JSON`, { cause })
  }
}

/** Walks with its own stack: input that overflows a recursive walk is exactly what this refuses. */
function checkVariables(variables: object): void {
  const level: { readonly value: object; readonly depth: number }[] = [{ value: variables, depth: 1 }]
  for (let item = level.pop(); item !== undefined; item = level.pop()) {
    if (item.depth > variablesDepthMax) {
      throw new EnneadError(
        'BAD_REQUEST',
        `"variables" must not nest deeper than ${variablesDepthMax} levels`,
      )
    }
    if (Object.hasOwn(item.value, '__proto__')) {
      throw new EnneadError('BAD_REQUEST', '"variables" must not have a member named "__proto__"')
    }
    for (const value of Object.values(item.value) as unknown[]) {
      if (typeof value === 'object' && value !== null) level.push({ value, depth: item.depth + 1 })
    }
  }
}

function nameOfType(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}
