import type { IncomingMessage, ServerResponse } from 'node:http'
import { requestIdOf } from '../admission/request-id.ts'
import { errorsOf, statusOfCode } from '../admission/refusal.ts'
import type { Admission } from '../admission/admission.ts'
import { priorityHeader } from '../admission/request-priority.ts'
import type { OriginPolicy } from '../admission/origin-policy.ts'
import type { RateLimits } from '../admission/rate-limits.ts'
import { consistencyHeaders } from '../../kernel/consistency.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { Engine } from '../engine.ts'
import type { HealthReport } from './gateway-options.ts'
import { graphiql } from './graphiql/graphiql-routes.ts'
import type { GraphQLHandler } from './graphql-handler.ts'
import { preferredType } from './media-types.ts'
import { replyErrors, replyJson } from './reply.ts'

export interface RouterOptions {
  readonly engine: Engine
  readonly admission: Admission
  readonly rates: RateLimits | undefined
  readonly graphql: GraphQLHandler
  readonly origins: OriginPolicy
  readonly forwardHeaders: readonly string[]
  readonly graphiql?: boolean
  readonly graphiqlQuery: string
  readonly problems?: (() => string | undefined) | undefined
  readonly publicKeys?: (() => object) | undefined
  readonly health?: (() => Promise<HealthReport>) | undefined
  readonly log: Log
  /** While draining, readiness says no and every answer closes its connection. */
  readonly state: { readonly draining: boolean }
}

/** Headers a page of an allowed origin may send, beside those that are forwarded. */
const allowedHeaders = [
  'content-type',
  'authorization',
  'x-request-id',
  priorityHeader,
  consistencyHeaders.level,
  consistencyHeaders.session,
  'last-event-id',
  'apollo-require-preflight',
  'graphql-require-preflight',
  'x-apollo-operation-name',
  'x-apollo-operation-type',
  'apollographql-client-name',
  'apollographql-client-version',
]

/** How long anybody may keep the public keys; shorter than what a rotated key goes on verifying. Seconds. */
const keysMaxAge = 300

/** Leads each request to what answers it. Never throws, and every request is answered. */
export function router(options: RouterOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { graphql, log, state } = options
  const headersAllowed = [...new Set([...allowedHeaders, ...options.forwardHeaders])].join(', ')
  const page =
    options.graphiql === false
      ? undefined
      : graphiql({ query: options.graphiqlQuery, problems: options.problems !== undefined }, log)

  const route = async (request: IncomingMessage, response: ServerResponse, id: string): Promise<void> => {
    const target = request.url ?? '/'
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    if (path === '/graphql') {
      if (request.method === 'OPTIONS') return answerPreflight(response, headersAllowed)
      if (page !== undefined && wantsPage(request)) return page.page(response)
      return graphql(request, response, id, mark < 0 ? '' : target.slice(mark + 1))
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return refuse(response, path.startsWith('/health/') ? 'METHOD_NOT_ALLOWED' : 'NOT_FOUND')
    }
    if (path === '/health/live') return replyJson(response, 200, { live: true })
    if (path === '/health/ready') return answerReady(options, response)
    if (path === '/.well-known/jwks.json' && options.publicKeys !== undefined) {
      const headers = { 'cache-control': `public, max-age=${keysMaxAge}` }
      return replyJson(response, 200, options.publicKeys(), headers)
    }
    if (page !== undefined && path.startsWith('/graphql/graphiql')) {
      if (await page.asset(path, request, response)) return undefined
    }
    if (path === '/graphql/problems' && options.problems !== undefined) {
      const { hash } = options.engine.health().supergraph
      return replyJson(response, 200, { problems: options.problems() ?? null, hash: hash ?? null })
    }
    if (path === '/' && page !== undefined && wantsPage(request)) return redirect(response)
    return refuse(response, 'NOT_FOUND')
  }

  return (request, response) => {
    const id = requestIdOf(request.headers['x-request-id'])
    response.setHeader('x-request-id', id)
    response.setHeader('vary', 'origin, accept')
    if (state.draining) response.setHeader('connection', 'close')
    allowReading(response, options.origins.corsOrigin(request.headers))
    route(request, response, id).catch((failure: unknown) => {
      const errors = errorsOf(failure, log.with({ requestId: id }))
      replyErrors(response, 500, errors)
    })
  }
}

function allowReading(response: ServerResponse, origin: string | undefined): void {
  if (origin === undefined) return
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader(
    'access-control-expose-headers',
    'x-request-id, retry-after, ratelimit, ratelimit-policy',
  )
}

/** A browser asks whether a page may call us (the CORS protocol of fetch.spec.whatwg.org); without the origin header it may not. */
function answerPreflight(response: ServerResponse, headersAllowed: string): void {
  const headers = response.hasHeader('access-control-allow-origin')
    ? {
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': headersAllowed,
        'access-control-max-age': '7200',
      }
    : {}
  response.writeHead(204, { allow: 'GET, POST, OPTIONS', ...headers }).end()
}

async function answerReady(options: RouterOptions, response: ServerResponse): Promise<void> {
  const gateway = options.engine.health()
  const report = await contributed(options)
  const ready = gateway.ready && report.ready && !options.state.draining
  // Under pressure it stays ready: a balancer that took it out would hand its load to gateways that have their own.
  const admission = options.admission.report()
  const { draining } = options.state
  const rateLimits = options.rates && { store: options.rates.store }
  replyJson(response, ready ? 200 : 503, { ...report, ready, draining, admission, rateLimits, gateway })
}

async function contributed({ health, log }: RouterOptions): Promise<HealthReport> {
  if (health === undefined) return { ready: true }
  try {
    return await health()
  } catch (failure) {
    log.error('health.failed', { failure })
    return { ready: false }
  }
}

function wantsPage({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' || headers.accept?.includes('text/html') !== true) return false
  const offered = ['application/json', 'application/graphql-response+json', 'text/html'] as const
  return preferredType(headers.accept, offered) === 'text/html'
}

function redirect(response: ServerResponse): void {
  response.writeHead(302, { location: '/graphql', 'cache-control': 'no-store' }).end()
}

function refuse(response: ServerResponse, code: ErrorCode): void {
  const message = code === 'NOT_FOUND' ? 'there is nothing at this address' : 'this address only answers GET'
  const headers = code === 'METHOD_NOT_ALLOWED' ? { allow: 'GET, HEAD' } : {}
  replyErrors(response, statusOfCode(code), [{ message, extensions: { code } }], headers)
}
