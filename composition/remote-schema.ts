import { buildClientSchema, getIntrospectionQuery, printSchema } from 'graphql'
import type { IntrospectionQuery } from 'graphql'
import { request } from 'undici'
import { EnneadError } from '../kernel/errors.ts'

export interface RemoteSchemaOptions {
  /** Longest time to wait for one answer, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** Longest answer, in bytes. Default 10 MiB. */
  readonly answerBytesMax?: number
  /** Downloads of before, asked for anew only when they changed. Default: none. */
  readonly known?: KnownAnswers
}

/** Downloaded texts with what makes the next request for them conditional, by address and headers; filled by `downloadSchema`. */
export type KnownAnswers = Map<string, { readonly text: string; readonly validators: HeaderMap }>

type HeaderMap = Readonly<Record<string, string>>

const defaults = { timeoutMs: 10_000, answerBytesMax: 10 * 1024 * 1024 } as const

/** `url` as messages may show it: without credentials and query, which may hold secrets. */
export function shownUrl(url: string): string {
  const parsed = URL.parse(url)
  return parsed === null ? 'the URL given' : `${parsed.origin}${parsed.pathname}`
}

/** The text of a schema that a server hands out as a file. Rejects with SCHEMA_UNREADABLE. */
export async function downloadSchema(
  url: string,
  headers: HeaderMap,
  signal: AbortSignal,
  options: RemoteSchemaOptions = {},
): Promise<string> {
  // Another credential may be shown another schema.
  const key = JSON.stringify([url, headers])
  const known = options.known?.get(key)
  const asked = { method: 'GET', headers: { ...headers, ...known?.validators } } as const
  const { status, text, validators } = await exchange(url, asked, signal, options)
  if (status === 304 && known !== undefined) return known.text
  if (status !== 200) throw unreadable(url, `answered ${status}`)
  options.known?.set(key, { text, validators })
  return text
}

/**
 * The schema of a running subgraph: what it declares of itself (`_service`), or, from a server that is no subgraph, what
 * introspection says, which has no directives. Rejects with SCHEMA_UNREADABLE.
 * Source: https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec
 */
export async function introspectSubgraph(
  url: string,
  headers: HeaderMap,
  signal: AbortSignal,
  options: RemoteSchemaOptions = {},
): Promise<string> {
  const service = await ask(url, '{ _service { sdl } }', headers, signal, options)
  const sdl = property(property(service.data, '_service'), 'sdl')
  if (typeof sdl === 'string' && sdl.trim() !== '') return sdl
  const introspection = await ask(url, getIntrospectionQuery(), headers, signal, options)
  if (property(introspection.data, '__schema') === undefined) {
    const said = introspection.error ?? service.error
    throw unreadable(
      url,
      `answers neither _service nor introspection${said === undefined ? '' : `: ${said}`}`,
    )
  }
  try {
    // What answers the introspection query has its shape, or building the schema fails.
    return printSchema(buildClientSchema(introspection.data as IntrospectionQuery))
  } catch (failure) {
    throw unreadable(url, 'answered introspection with something that is no schema', failure)
  }
}

interface Answer {
  readonly data: unknown
  /** The first message among its errors. */
  readonly error: string | undefined
}

async function ask(
  url: string,
  query: string,
  headers: HeaderMap,
  signal: AbortSignal,
  options: RemoteSchemaOptions,
): Promise<Answer> {
  const { status, text } = await exchange(
    url,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify({ query }),
    },
    signal,
    options,
  )
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch (failure) {
    throw unreadable(url, `answered ${status} with something that is not JSON`, failure)
  }
  const data = property(answer, 'data')
  const errors = property(answer, 'errors')
  if (data === undefined && errors === undefined)
    throw unreadable(url, `answered ${status} with something that is not GraphQL`)
  const message = Array.isArray(errors) ? property(errors[0], 'message') : undefined
  return { data, error: typeof message === 'string' ? message.slice(0, 300) : undefined }
}

/** Redirects are not followed: the headers may carry credentials that are for this address only. */
async function exchange(
  url: string,
  given: { readonly method: 'GET' | 'POST'; readonly headers: HeaderMap; readonly body?: string },
  signal: AbortSignal,
  options: RemoteSchemaOptions,
): Promise<{ readonly status: number; readonly text: string; readonly validators: HeaderMap }> {
  const { timeoutMs, answerBytesMax } = { ...defaults, ...options }
  const late = AbortSignal.timeout(timeoutMs)
  try {
    const response = await request(url, { ...given, signal: AbortSignal.any([signal, late]) })
    if (response.statusCode >= 300 && response.statusCode < 400 && response.statusCode !== 304) {
      await response.body.dump({ limit: 16_384, signal })
      throw unreadable(
        url,
        `redirects (${response.statusCode}), which is not followed; name the final address`,
      )
    }
    const parts: Buffer[] = []
    let bytes = 0
    for await (const part of response.body as AsyncIterable<Buffer>) {
      bytes += part.length
      if (bytes > answerBytesMax) throw unreadable(url, `answered more than ${answerBytesMax} bytes`)
      parts.push(part)
    }
    const { etag, 'last-modified': modified } = response.headers
    return {
      status: response.statusCode,
      text: Buffer.concat(parts).toString('utf8'),
      validators: {
        ...(typeof etag === 'string' ? { 'if-none-match': etag } : {}),
        ...(typeof modified === 'string' ? { 'if-modified-since': modified } : {}),
      },
    }
  } catch (failure) {
    signal.throwIfAborted()
    if (failure instanceof EnneadError) throw failure
    throw unreadable(
      url,
      late.aborted ? `did not answer within ${timeoutMs} ms` : 'cannot be reached',
      failure,
    )
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function unreadable(url: string, what: string, cause?: unknown): EnneadError {
  return new EnneadError('SCHEMA_UNREADABLE', `${shownUrl(url)} ${what}`, { cause })
}
