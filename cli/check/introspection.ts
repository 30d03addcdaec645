import { buildClientSchema, getIntrospectionQuery } from 'graphql'
import type { IntrospectionQuery } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { Graph } from './graph.ts'

/** How long a server may take to show its schema, milliseconds. */
const answerMs = 15_000
/** Longest introspection answer, bytes. */
const answerBytesMax = 64 * 1024 * 1024

/** The schema that a running server shows to introspection. Throws BASELINE_UNREADABLE with what the server said. */
export async function introspectedSchema(url: string, header: string | undefined): Promise<Graph> {
  const [name, ...value] = header?.split(':') ?? []
  const headers = {
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json',
    ...(name === undefined ? {} : { [name.trim()]: value.join(':').trim() }),
  }
  const query = getIntrospectionQuery({
    specifiedByUrl: true,
    inputValueDeprecation: true,
    directiveIsRepeatable: true,
  })
  const answer = await ask(url, headers, query)
  if (!isIntrospection(answer)) {
    const message = firstError(answer)
    throw unreadable(
      `${url} does not show its schema${message === undefined ? '' : ` (${message})`}; allow introspection, send a credential with --against-header, or compare with a file`,
    )
  }
  try {
    return {
      schema: buildClientSchema(answer.data),
      sources: undefined,
      supergraph: undefined,
      hints: undefined,
    }
  } catch (cause) {
    throw unreadable(`${url} answers an introspection that is no schema`, cause)
  }
}

async function ask(url: string, headers: Readonly<Record<string, string>>, query: string): Promise<unknown> {
  try {
    const signal = AbortSignal.timeout(answerMs)
    // A redirect would carry the credential elsewhere.
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query }),
      redirect: 'error',
      signal,
    })
    return JSON.parse(await textOf(response, url))
  } catch (cause) {
    if (cause instanceof EnneadError) throw cause
    throw unreadable(`${url} does not answer GraphQL`, cause)
  }
}

async function textOf({ body }: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body ?? []) {
    bytes += part.length
    if (bytes > answerBytesMax)
      throw unreadable(`${url} answers more than ${answerBytesMax} bytes; compare with a file instead`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function isIntrospection(answer: unknown): answer is { readonly data: IntrospectionQuery } {
  if (typeof answer !== 'object' || answer === null || !('data' in answer)) return false
  const { data } = answer
  return typeof data === 'object' && data !== null && '__schema' in data
}

function firstError(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('errors' in answer)) return undefined
  const { errors } = answer
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  if (typeof first !== 'object' || first === null || !('message' in first)) return undefined
  return typeof first.message === 'string' ? first.message.slice(0, 200) : undefined
}

function unreadable(message: string, cause?: unknown): EnneadError {
  return new EnneadError('BASELINE_UNREADABLE', `--against ${message}`, { cause })
}
