import { type Consistency, consistencyIn } from '../../kernel/consistency.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { GraphQLRequest } from '../engine.ts'
import type { StoredDocuments } from './stored-documents.ts'

/** A request as it came in, and how to keep its document for the next time. */
export interface DoorRequest extends GraphQLRequest {
  /** To be called when the document has turned out to be good and its sender may store it. */
  readonly register?: (() => void) | undefined
  /** Of a subscription: the cursor of the last event that the client has, as `extensions.after`. */
  readonly after?: string | undefined
  /**
   * Of a subscription: where in an event it stands what the event is about, as `extensions.latestBy`. A reader that is behind
   * is then sent only the newest event of each. Default: it is sent every event.
   */
  readonly latestBy?: string | undefined
  /** Of a query or mutation: what its reads must show, as `extensions.ennead`. */
  readonly consistency?: Consistency | undefined
}

/** Deepest nesting of objects and lists in variables; deeper input is an attack on recursive code behind us. */
const variablesDepthMax = 64

/**
 * The GraphQL request in a parsed JSON body (GraphQL over HTTP, section 5.1). Throws BAD_REQUEST naming the member
 * that is wrong; batches are refused.
 */
export function requestFromBody(body: unknown, documents: StoredDocuments): DoorRequest {
  if (Array.isArray(body)) {
    throw new EnneadError('BAD_REQUEST', 'batches are not accepted, send one operation a request')
  }
  if (!isObject(body)) throw new EnneadError('BAD_REQUEST', 'the body must be a JSON object')
  return requestFromMembers(body, documents)
}

/** The GraphQL request in a URL's parameters (GraphQL over HTTP, section 5.3). Throws BAD_REQUEST. */
export function requestFromParameters(parameters: URLSearchParams, documents: StoredDocuments): DoorRequest {
  const members = {
    query: parameters.get('query') ?? undefined,
    operationName: parameters.get('operationName') ?? undefined,
    variables: jsonParameter(parameters, 'variables'),
    extensions: jsonParameter(parameters, 'extensions'),
    documentId: parameters.get('documentId') ?? undefined,
  }
  return requestFromMembers(members, documents)
}

/**
 * Members that are null count as absent, as the specification says; unknown members are ignored. The document may be named
 * instead of sent: see `StoredDocuments`.
 */
export function requestFromMembers(
  members: Readonly<Record<string, unknown>>,
  documents: StoredDocuments,
): DoorRequest {
  const query = members['query'] ?? undefined
  const operationName = members['operationName'] ?? undefined
  const variables = members['variables'] ?? undefined
  const extensions = members['extensions'] ?? undefined
  if (query !== undefined && typeof query !== 'string') {
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
  const { hash, id } = namesIn(members, extensions)
  const found = documents.find({ query, hash, id })
  if (found === undefined) throw new EnneadError('BAD_REQUEST', '"query" must be a string, got nothing')
  const after = textIn(extensions, 'after')
  const latestBy = textIn(extensions, 'latestBy')
  const consistency = consistencyIn(extensions)
  const { register } = found
  return { query: found.query, operationName, variables, register, after, latestBy, consistency }
}

function textIn(
  extensions: Readonly<Record<string, unknown>> | undefined,
  name: 'after' | 'latestBy',
): string | undefined {
  const value = extensions?.[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value.length <= extensionLengthMax) return value
  const what = typeof value === 'string' ? `one of ${value.length} characters` : nameOfType(value)
  throw new EnneadError(
    'BAD_REQUEST',
    `"extensions.${name}" must be a string of at most ${extensionLengthMax} characters, got ${what}`,
  )
}

/** Longest cursor, or path, that a client may send with a subscription. */
const extensionLengthMax = 1_000

/** A request whose text looks like this may name a document instead of sending it. */
export const namesDocument = /persistedQuery|documentId|doc_id/

function namesIn(
  members: Readonly<Record<string, unknown>>,
  extensions: Readonly<Record<string, unknown>> = {},
): { readonly hash: string | undefined; readonly id: string | undefined } {
  const { persistedQuery } = extensions
  const id = members['documentId'] ?? members['doc_id'] ?? undefined
  if (id !== undefined && typeof id !== 'string') {
    throw new EnneadError('BAD_REQUEST', `"documentId" must be a string, got ${nameOfType(id)}`)
  }
  if (persistedQuery === undefined || persistedQuery === null) return { hash: undefined, id }
  const { version, sha256Hash } = isObject(persistedQuery) ? persistedQuery : {}
  if (version !== 1 || typeof sha256Hash !== 'string') {
    throw new EnneadError(
      'BAD_REQUEST',
      '"extensions.persistedQuery" must be { "version": 1, "sha256Hash": "…" }',
    )
  }
  return { hash: sha256Hash, id }
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
