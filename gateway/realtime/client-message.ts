import { isObject } from '../admission/graphql-request.ts'

/** A message a client may send (graphql-transport-ws). */
export type ClientMessage =
  | { readonly type: 'connection_init'; readonly payload: Readonly<Record<string, unknown>> | undefined }
  | { readonly type: 'ping' | 'pong'; readonly payload: Readonly<Record<string, unknown>> | undefined }
  | { readonly type: 'subscribe'; readonly id: string; readonly payload: SubscribePayload }
  | { readonly type: 'complete'; readonly id: string }

/** The members of a request; it has a document or names one. */
export type SubscribePayload = Readonly<Record<string, unknown>>

/** Longest id of an operation; we repeat it in every answer. */
const idLengthMax = 128

/** The message in a text frame, or undefined when it is none of the protocol's. */
export function parseClientMessage(text: string): ClientMessage | undefined {
  const value = parsed(text)
  if (!isObject(value)) return undefined
  const { type, id, payload } = value
  switch (type) {
    case 'connection_init':
    case 'ping':
    case 'pong':
      return absent(payload) || isObject(payload) ? { type, payload: payload ?? undefined } : undefined
    case 'subscribe':
      return isId(id) && isSubscribePayload(payload) ? { type, id, payload } : undefined
    case 'complete':
      return isId(id) ? { type, id } : undefined
    default:
      return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON is one way of not being a message; the caller answers all of them alike.
    return undefined
  }
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id !== '' && id.length <= idLengthMax
}

function isSubscribePayload(payload: unknown): payload is SubscribePayload {
  if (!isObject(payload)) return false
  const { query, operationName, variables, extensions, documentId, doc_id: relayId } = payload
  const named = [extensions, documentId, relayId].some(name => !absent(name))
  return (
    (typeof query === 'string' || (absent(query) && named)) &&
    (absent(operationName) || typeof operationName === 'string') &&
    (absent(variables) || isObject(variables)) &&
    (absent(extensions) || isObject(extensions))
  )
}

/** The protocol lets a member be missing or null. */
function absent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}
