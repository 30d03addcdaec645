import type { CallOptions } from '../../../dispatch/port.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Hop } from '../../../kernel/hop.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import { type BatchLoader, batchLoader } from '../../service/batch-loader.ts'
import { type UserError, refusalOf } from '../../service/user-error.ts'
import { type ActorRecord, actorsOf } from '../actors.ts'
import type { WorkspaceRecord } from '../authority.ts'
import type { AuthDomain } from '../domain.ts'
import type { Caller } from '../sign-in/sessions.ts'

/** An actor as the members of a workspace may see them. */
export interface ActorKey {
  readonly workspaceId: string
  readonly actorId: string
}

/** What the resolvers of one request share. */
export interface AuthContext {
  /** Null: never was a member or a service account of that workspace. */
  readonly actors: BatchLoader<ActorKey, ActorRecord | null>
  readonly workspaces: BatchLoader<string, WorkspaceRecord | null>
  readonly call: CallOptions
  /** True once: a request may sign in at most one time, so that aliases do not multiply guesses. */
  readonly mayStillSignIn: () => boolean
}

export type WithHop = AuthContext & { readonly hop: Hop }

export function authContext(domain: AuthDomain, hop: Hop): AuthContext {
  const call: CallOptions = {
    signal: hop.signal,
    remainingMs: hop.remainingMs,
    requestId: hop.requestId,
  }
  const { authority } = domain
  let signIns = 0
  return {
    call,
    mayStillSignIn: () => signIns++ === 0,
    actors: batchLoader(
      keys => loadActors(domain, keys, call),
      key => `${key.workspaceId} ${key.actorId}`,
    ),
    workspaces: batchLoader(async ids => {
      const workspaces = await authority.call('workspaces', ids, call)
      return ids.map((_id, index) => workspaces[index] ?? null)
    }),
  }
}

export function callerOf({ hop, call }: WithHop): Caller {
  return { address: hop.address, userAgent: hop.userAgent, call }
}

/** The signed-in actor. Throws UNAUTHENTICATED for nobody, FORBIDDEN for a service, who has no workspace. */
export function requireActor({ hop }: WithHop): ActorPrincipal {
  if (hop.principal?.kind === 'actor') return hop.principal
  if (hop.principal === undefined) throw new EnneadError('UNAUTHENTICATED', 'sign in to see this')
  throw new EnneadError('FORBIDDEN', 'a service acts for nobody')
}

/** The actor, who has signed in: no API key decides about accounts. Throws as requireActor does, and FORBIDDEN for a key. */
export function requirePerson(context: WithHop): ActorPrincipal {
  const actor = requireActor(context)
  if (actor.keyId === undefined) return actor
  throw new EnneadError('FORBIDDEN', 'an API key cannot do this; sign in')
}

/** What a failure means to the caller of a mutation. Rethrows what is no refusal. */
export function refusalFor(failure: unknown): UserError {
  const refused = refusalOf(failure)
  if (refused === undefined) throw failure
  return refused
}

/** A request looks into one workspace, seldom two (signing in to another one): one call each. */
async function loadActors(
  { authority }: AuthDomain,
  keys: readonly ActorKey[],
  call: CallOptions,
): Promise<readonly (ActorRecord | null)[]> {
  const found = new Map<ActorKey, ActorRecord | undefined>()
  const byWorkspace = Map.groupBy(keys, key => key.workspaceId)
  await Promise.all(
    Array.from(byWorkspace, async ([workspaceId, group]) => {
      const ids = group.map(key => key.actorId)
      const actors = await actorsOf(authority, workspaceId, ids, call)
      group.forEach((key, index) => found.set(key, actors[index]))
    }),
  )
  return keys.map(key => found.get(key) ?? null)
}
