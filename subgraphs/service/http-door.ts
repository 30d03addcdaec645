import { randomUUID } from 'node:crypto'
import { fastifyApolloHandler } from '@as-integrations/fastify'
import type { ApolloServer } from '@apollo/server'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { EnneadError, type ErrorCode, errorDefinitions } from '../../kernel/errors.ts'
import type { DomainHealth } from '../../kernel/health.ts'
import type { Hop } from '../../kernel/hop.ts'
import type { Log } from '../../kernel/log.ts'
import { HopGate } from './hop-gate.ts'
import type { HopGateOptions } from './hop-gate.ts'
import { doorServer } from './tls-door.ts'

/** What a domain's own routes may use of the door. */
export interface ServiceDoor {
  /** Who calls. Throws UNAUTHENTICATED (answered as 401) for strangers. Its signal aborts when the caller leaves. */
  requireHop(request: FastifyRequest): Hop
}

export interface HttpDoorOptions<Context extends { readonly hop: Hop }> extends HopGateOptions {
  readonly apollo: ApolloServer<Context>
  readonly contextOf: (hop: Hop) => Context
  readonly health: () => DomainHealth
  readonly routes: ((server: FastifyInstance, door: ServiceDoor) => void) | undefined
  readonly log: Log
  /** Largest body taken. Bytes. */
  readonly bodyBytesMax: number
  /** Time a request may take to arrive. Milliseconds. */
  readonly requestTimeoutMs: number
}

/** Between two looks for requests that arrive too slowly. Milliseconds. */
const lateCheckMsMax = 1_000

/** The HTTP server of a subgraph: POST and GET /graphql, health and the domain's routes. Does not listen yet. */
export function httpDoor<Context extends { readonly hop: Hop }>(
  options: HttpDoorOptions<Context>,
): FastifyInstance {
  const { apollo, contextOf, health, routes, log } = options
  const { requestTimeoutMs: requestTimeout } = options
  const limits = {
    requestTimeout,
    headersTimeout: requestTimeout,
    // Node looks for late requests only every 30 seconds by itself.
    connectionsCheckingInterval: Math.min(requestTimeout, lateCheckMsMax),
  }
  const server = Fastify({
    bodyLimit: options.bodyBytesMax,
    requestTimeout,
    forceCloseConnections: 'idle',
    serverFactory: handler => doorServer(handler, limits, options.tls, log),
  })
  const door = new HopGate(server, options)
  server.setErrorHandler((failure, _request, reply) => answerFailure(failure, reply, log))
  server.setNotFoundHandler((_request, reply) =>
    refuse(reply, 404, 'NOT_FOUND', 'there is nothing at this path for this method'),
  )
  server.get('/health/live', () => ({ status: 'live' }))
  server.get('/health/ready', (_request, reply) => {
    const now = health()
    return reply.code(now.ready ? 200 : 503).send(now)
  })
  server.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    onRequest: (request, _reply, next) => {
      // Strangers are turned away before their body is read.
      door.requireHop(request)
      next()
    },
    handler: fastifyApolloHandler(apollo, {
      context: request => Promise.resolve(contextOf(door.requireHop(request))),
    }),
  })
  routes?.(server, door)
  return server
}

function answerFailure(failure: unknown, reply: FastifyReply, log: Log): FastifyReply {
  if (failure instanceof EnneadError) {
    const status = errorDefinitions[failure.code].http
    if (status >= 500) log.warn('subgraph.request.failed', { code: failure.code, error: failure })
    return refuse(reply, status, failure.code, failure.message, failure.facts)
  }
  const status: unknown = failure instanceof Error && 'statusCode' in failure ? failure.statusCode : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return refuse(reply, status, codeOfStatus(status), 'the HTTP request cannot be read')
  }
  const errorId = randomUUID()
  log.error('subgraph.request.fault', { errorId, error: failure })
  return refuse(reply, 500, 'INTERNAL', 'Internal error', { errorId })
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 413) return 'BODY_TOO_LARGE'
  if (status === 415) return 'UNSUPPORTED_MEDIA_TYPE'
  return 'BAD_REQUEST'
}

function refuse(
  reply: FastifyReply,
  status: number,
  code: ErrorCode,
  message: string,
  facts: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  return reply.code(status).send({ errors: [{ message, extensions: { ...facts, code } }] })
}
