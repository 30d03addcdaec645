import type { FastifyInstance, FastifyRequest } from 'fastify'
import { EnneadError } from '../../kernel/errors.ts'
import type { Hop } from '../../kernel/hop.ts'
import { readSightings } from '../../kernel/sightings/sighting.ts'
import type { ServiceDoor } from '../service/http-door.ts'
import type { AuthDomain } from './domain.ts'
import type { RightsChanges } from './rights-changes.ts'

export const authPaths = {
  identify: '/v1/identify',
  knownActors: '/v1/actors/known',
  sightings: '/v1/sightings',
  rightsChanges: '/v1/rights/changes',
  keys: '/.well-known/jwks.json',
} as const

/** Ids that may be asked about at once. */
export const knownIdsMax = 1_000

/** Different ones in a batch. */
const sightingsMax = 1_000

/** How long a question for changes of rights waits for one. Milliseconds. */
export const changesWaitMs = 20_000

/** Marks a refusal of the token that was asked about: a 401 without it is one of the caller. */
export const tokenRefused = { refused: 'token' } as const

/** How long anybody may keep the public keys; shorter than what a rotated key goes on verifying. Seconds. */
const keysMaxAge = 300

/**
 * The routes of the auth subgraph. `POST /v1/identify` {token} answers {principal}, and `POST /v1/actors/known`
 * {workspaceId, ids} answers {ids}; `POST /v1/sightings` {sightings} takes what gateways and subgraphs have seen; `POST
 * /v1/rights/changes` {place} answers {place, actorIds}, as soon as somebody's rights have changed behind that place. All are for
 * services of this deployment only; the public keys are for anybody.
 */
export function authRoutes(
  server: FastifyInstance,
  door: ServiceDoor,
  domain: AuthDomain,
  rights: RightsChanges | undefined,
): void {
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    requireService(door, request)
  }
  const identify = async (request: FastifyRequest): Promise<unknown> => {
    const { token } = bodyOf(request)
    if (typeof token !== 'string') throw new EnneadError('BAD_REQUEST', 'token must be a text')
    const { signal, remainingMs } = requireService(door, request)
    try {
      return { principal: await domain.identify({ kind: 'bearer', token }, { signal, remainingMs }) }
    } catch (failure) {
      if (!(failure instanceof EnneadError) || failure.code !== 'UNAUTHENTICATED') throw failure
      throw new EnneadError('UNAUTHENTICATED', failure.message, { cause: failure, facts: tokenRefused })
    }
  }
  const known = async (request: FastifyRequest): Promise<unknown> => {
    const { workspaceId, ids } = bodyOf(request)
    if (typeof workspaceId !== 'string' || !isTextList(ids) || ids.length > knownIdsMax) {
      throw new EnneadError('BAD_REQUEST', `workspaceId must be a text, ids at most ${knownIdsMax} texts`)
    }
    const { signal } = requireService(door, request)
    return { ids: [...(await domain.known(workspaceId, ids, signal))] }
  }
  const sightings = async (request: FastifyRequest): Promise<unknown> => {
    const seen = readSightings(bodyOf(request)['sightings']).slice(0, sightingsMax)
    requireService(door, request)
    domain.security.threats.sighted(seen)
    return { taken: seen.length }
  }
  server.route({ method: 'POST', url: authPaths.sightings, onRequest, handler: sightings })
  const changes = async (request: FastifyRequest): Promise<unknown> => {
    const { place } = bodyOf(request)
    const { signal } = requireService(door, request)
    if (rights === undefined) throw new EnneadError('NOT_FOUND', 'changes of rights are not told here')
    const waited = AbortSignal.any([signal, AbortSignal.timeout(changesWaitMs)])
    return rights.behind(typeof place === 'string' ? place : undefined, waited)
  }
  server.route({ method: 'POST', url: authPaths.rightsChanges, onRequest, handler: changes })
  server.route({ method: 'POST', url: authPaths.identify, onRequest, handler: identify })
  server.route({ method: 'POST', url: authPaths.knownActors, onRequest, handler: known })
  server.get(authPaths.keys, (_request, reply) =>
    reply.header('cache-control', `public, max-age=${keysMaxAge}`).send(domain.jwks()),
  )
}

function requireService(door: ServiceDoor, request: FastifyRequest): Hop {
  const hop = door.requireHop(request)
  if (hop.principal?.kind === 'service') return hop
  throw new EnneadError('FORBIDDEN', 'only services of this deployment may ask this')
}

function bodyOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const { body } = request
  if (typeof body !== 'object' || body === null)
    throw new EnneadError('BAD_REQUEST', 'the body must be an object')
  // An object of JSON has string keys; each value is checked where it is used.
  return body as Readonly<Record<string, unknown>>
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(one => typeof one === 'string')
}
