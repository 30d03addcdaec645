import { STATUS_CODES } from 'node:http'
import type { GatewayGraphQLRequest, GatewayGraphQLResponse } from '@apollo/server-gateway-interface'
import { GraphQLError } from 'graphql'
import { request as httpRequest } from 'undici'
import type { DataSourceRequest, GraphQLDataSource } from './data-source.ts'

/** What a fetcher answers; fetch's Response is one. */
export interface FetchedResponse {
  readonly ok: boolean
  readonly status: number
  readonly statusText: string
  readonly url: string
  readonly headers: Headers
  json(): Promise<unknown>
  text(): Promise<string>
}

export type Fetcher = (
  url: string,
  init: { readonly method: string; readonly headers: Record<string, string>; readonly body: string },
) => Promise<FetchedResponse>

type RequestContext = Record<string, unknown>

/** Longest answer, in bytes. */
const answerBytesMax = 10 * 1024 * 1024

/**
 * A subgraph over HTTP with the hooks of @apollo/gateway's class of this name: extend it, or give the hooks to the
 * constructor. Automatic persisted queries towards subgraphs are not sent.
 */
export class RemoteGraphQLDataSource implements GraphQLDataSource {
  url = ''
  /** Does a subgraph's Cache-Control restrict the cache policy of the operation? Default true. */
  honorSubgraphCacheControlHeader = true
  fetcher: Fetcher = pooledFetch

  /** Called before each request; may change `request.http.headers`. */
  declare willSendRequest?: (options: DataSourceRequest) => void | Promise<void>
  /** Called with each answer; what it returns is used instead. */
  declare didReceiveResponse?: (options: {
    readonly request: GatewayGraphQLRequest
    readonly response: GatewayGraphQLResponse
    readonly context: RequestContext
  }) => GatewayGraphQLResponse | Promise<GatewayGraphQLResponse>

  constructor(config: Partial<RemoteGraphQLDataSource> = {}) {
    Object.assign(this, config)
  }

  async process(options: DataSourceRequest): Promise<GatewayGraphQLResponse> {
    const { request, context } = options
    const headers = new Headers(request.http === undefined ? [] : [...request.http.headers])
    headers.set('content-type', 'application/json')
    request.http = { method: 'POST', url: this.url, headers }
    await this.willSendRequest?.(options)
    const response = await this.#send(request, context)
    const processed = (await this.didReceiveResponse?.({ request, response, context })) ?? response
    if (options.kind === 'incoming operation' && this.honorSubgraphCacheControlHeader) {
      const policy: unknown = options.incomingRequestContext.overallCachePolicy
      if (hasRestrict(policy)) policy.restrict(cacheHint(response.http?.headers.get('cache-control') ?? ''))
    }
    return processed
  }

  /** Called when no answer came or it was no success; throws what the request fails with. */
  didEncounterError(
    failure: unknown,
    _fetchRequest: unknown,
    _fetchResponse?: FetchedResponse,
    _context?: RequestContext,
    _request?: GatewayGraphQLRequest,
  ): void {
    throw failure
  }

  parseBody(response: FetchedResponse): Promise<unknown> {
    const type = response.headers.get('content-type') ?? ''
    return /^application\/(?:graphql-response\+)?json/.test(type) ? response.json() : response.text()
  }

  async errorFromResponse(response: FetchedResponse): Promise<GraphQLError> {
    const { status, statusText } = response
    const code = status === 401 ? 'UNAUTHENTICATED' : status === 403 ? 'FORBIDDEN' : undefined
    const extensions = {
      response: { status, statusText, body: await this.parseBody(response) },
      ...(code === undefined ? {} : { code }),
    }
    return new GraphQLError(`${status}: ${statusText}`, { extensions })
  }

  async #send(request: GatewayGraphQLRequest, context: RequestContext): Promise<GatewayGraphQLResponse> {
    const { http, ...body } = request
    const init = {
      method: 'POST',
      headers: Object.fromEntries(http?.headers ?? []),
      body: JSON.stringify(body),
    }
    const url = http?.url ?? this.url
    let response: FetchedResponse | undefined
    try {
      response = await this.fetcher(url, init)
      if (!response.ok) throw await this.errorFromResponse(response)
      const answer = await this.parseBody(response)
      if (typeof answer !== 'object' || answer === null) throw new Error('the subgraph did not answer JSON')
      return { ...answer, http: response }
    } catch (failure) {
      this.didEncounterError(failure, { url, ...init }, response, context, request)
      throw failure
    }
  }
}

const pooledFetch: Fetcher = async (url, init) => {
  const { statusCode, headers, body } = await httpRequest(url, init)
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((each): [string, string] => [name, each]),
  )
  const text = async (): Promise<string> => {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of body) {
      const part = Buffer.from(chunk)
      bytes += part.length
      if (bytes > answerBytesMax) throw new Error(`the subgraph answered more than ${answerBytesMax} bytes`)
      chunks.push(part)
    }
    return Buffer.concat(chunks).toString()
  }
  return {
    ok: statusCode >= 200 && statusCode < 300,
    status: statusCode,
    statusText: STATUS_CODES[statusCode] ?? '',
    url,
    headers: new Headers(pairs),
    text,
    json: async () => JSON.parse(await text()) as unknown,
  }
}

interface CacheHint {
  readonly maxAge: number
  readonly scope?: 'PRIVATE' | 'PUBLIC'
}

/** Without max-age an answer must not be cached, and so must none be that it is part of. */
function cacheHint(header: string): CacheHint {
  const words = header
    .toLowerCase()
    .split(',')
    .map(word => word.trim())
  const maxAge = words.map(word => /^max-age="?(\d+)"?$/.exec(word)?.[1]).find(found => found !== undefined)
  const scope = words.includes('public') ? 'PUBLIC' : words.includes('private') ? 'PRIVATE' : undefined
  return { maxAge: Number(maxAge ?? 0), ...(scope === undefined ? {} : { scope }) }
}

function hasRestrict(policy: unknown): policy is { restrict(hint: CacheHint): void } {
  return typeof policy === 'object' && policy !== null && 'restrict' in policy
}
