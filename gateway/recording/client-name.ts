import type { IncomingHttpHeaders } from 'node:http'

/** What a client calls itself; nobody has checked it. */
export interface ClientName {
  /** Undefined: it does not say. */
  readonly client: string | undefined
  readonly version: string | undefined
}

/** Characters of a name or version that are kept. */
const nameLengthMax = 100

/** Reads `apollographql-client-name` and `-version`, or `graphql-client-name` and `-version`. */
export function clientNameOf(headers: IncomingHttpHeaders): ClientName {
  return {
    client: cleaned(headers['apollographql-client-name'] ?? headers['graphql-client-name']),
    version: cleaned(headers['apollographql-client-version'] ?? headers['graphql-client-version']),
  }
}

/** Reports show it in terminals, where control characters would act. */
function cleaned(value: string | readonly string[] | undefined): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.slice(0, nameLengthMax).replaceAll(/\p{C}/gu, '').trim()
  return text === '' ? undefined : text
}
