import { isObject } from '../admission/graphql-request.ts'

/**
 * What a connection_init payload says in place of HTTP headers, names in lower case. Browsers cannot set headers on a
 * WebSocket, so clients put them into the payload: `{ "Authorization": "Bearer …" }` or `{ "headers": { … } }`; what
 * stands at the top wins.
 */
export function connectionHeaders(
  payload: Readonly<Record<string, unknown>> | undefined,
): Map<string, string> {
  const headers = new Map<string, string>()
  if (payload === undefined) return headers
  for (const source of [payload['headers'], payload]) {
    if (!isObject(source)) continue
    for (const [name, value] of Object.entries(source)) {
      if (typeof value === 'string') headers.set(name.toLowerCase(), value)
    }
  }
  return headers
}
