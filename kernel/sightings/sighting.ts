import type { Principal } from '../principal.ts'

/**
 * What a gateway or a subgraph sees that may be part of an attack, or of somebody using what is not theirs: an assertion between
 * processes that was refused · a credential that was · a field or an action that was · more requests than are allowed.
 */
export type SightingKind = 'hopRefused' | 'credentialRefused' | 'forbidden' | 'rateLimited'

export const sightingKinds: readonly SightingKind[] = [
  'hopRefused',
  'credentialRefused',
  'forbidden',
  'rateLimited',
]

/** Holds no secret: no credential, no document, no name of a field. */
export interface Sighting {
  readonly kind: SightingKind
  readonly address?: string | undefined
  /** Who had signed in. */
  readonly actorId?: string | undefined
  /** Theirs. */
  readonly workspaceId?: string | undefined
  /** The API key that they came with. */
  readonly keyId?: string | undefined
  /** Of `hopRefused`: who was asked. */
  readonly subgraph?: string | undefined
}

/** The same, seen so often. */
export interface CountedSighting extends Sighting {
  readonly count: number
}

/** Is told what was seen; costs a place in a map and never fails. */
export type Sight = (sighting: Sighting) => void

/** What somebody did, whoever they are; a process of ours is none of these. */
export function sightingOf(
  kind: SightingKind,
  principal: Principal | undefined,
  address: string | undefined,
): Sighting {
  if (principal === undefined || principal.kind === 'service') return { kind, address }
  if (principal.kind === 'token') return { kind, address, actorId: principal.subject }
  const { actorId, workspaceId, keyId } = principal
  return { kind, address, actorId, workspaceId, keyId }
}

const textMax = 200
const textFields = ['address', 'actorId', 'workspaceId', 'keyId', 'subgraph'] as const

/** What another process has told of, without what is none. */
export function readSightings(value: unknown): readonly CountedSighting[] {
  return Array.isArray(value) ? value.flatMap(each => readSighting(each) ?? []) : []
}

function readSighting(value: unknown): CountedSighting | undefined {
  const given: Readonly<Record<string, unknown>> = Object(value)
  const kind = sightingKinds.find(each => each === given['kind'])
  const count = given['count']
  if (kind === undefined || typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1)
    return undefined
  const texts = textFields.flatMap(field => {
    const text = given[field]
    return typeof text === 'string' && text.length <= textMax ? [[field, text]] : []
  })
  return { kind, count, ...Object.fromEntries(texts) }
}
