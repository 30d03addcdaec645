import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import type { Authority, MemberRecord } from '../authority.ts'
import type { Directories } from '../directory/directories.ts'
import { type DirectoryStore, memberIdOf, normalEmail } from '../directory/directory-store.ts'
import { currentMember, grantToday, projectRolesMax } from '../directory/grants.ts'
import type { PasswordHasher } from '../sign-in/password.ts'
import { type AccessClaims, unauthenticated } from '../tokens/access-claims.ts'

export interface DirectoryAgentParts {
  readonly directories: Directories
  readonly passwords: PasswordHasher
  readonly clock: Clock
}

const sessionsMax = 100
const apiKeysMax = 100
const serviceAccountsMax = 200
const invitationsMax = 100
const identitiesMax = 20

/** One copy of the directory, as agent `name` reads it. Whatever fails in the store is a fault of the agent. */
export class DirectoryReader {
  readonly #name: string
  readonly #directories: Directories

  constructor(name: string, directories: Directories) {
    this.#name = name
    this.#directories = directories
  }

  read<T>(run: (store: DirectoryStore) => T): T {
    const store = this.#directories.read(this.#name)
    try {
      return run(store)
    } catch (cause) {
      if (cause instanceof EnneadError && cause.kind === 'caller') throw cause
      this.#directories.failed(this.#name)
      throw new EnneadError('AGENT_FAULT', `the directory of "${this.#name}" cannot be read`, { cause })
    }
  }
}

/** What every agent that has a copy of the directory can do, besides telling who a credential is. */
export function directoryOperations(
  reader: DirectoryReader,
  { directories, passwords, clock }: DirectoryAgentParts,
): Omit<Authority, 'identify'> {
  // An operation answers a promise also when it fails at once.
  const read = async <T>(run: (store: DirectoryStore) => T): Promise<T> => reader.read(run)
  return {
    async verifyPassword({ email, password, workspace }, { signal }) {
      const user = reader.read(store => store.userByEmail(normalEmail(email)))
      const right = await passwords.verify(password, user?.passwordHash, signal)
      const member = user && reader.read(store => membershipIn(store, user.id, workspace))
      if (right && user !== undefined && member !== undefined) return { user, member }
      throw new EnneadError('UNAUTHENTICATED', 'e-mail address, password or workspace is wrong')
    },
    users: ({ workspaceId, ids }) =>
      read(store =>
        ids.map(id => {
          const member = store.get('member', memberIdOf(workspaceId, id))
          return member === undefined ? undefined : store.get('user', id)
        }),
      ),
    workspaces: ids => read(store => ids.map(id => store.get('workspace', id))),
    members: ({ workspaceId, after, limit }) => read(store => store.membersOf(workspaceId, after, limit)),
    countMembers: workspaceId => read(store => store.countMembers(workspaceId)),
    member: ({ workspaceId, userId }) => read(store => currentMember(store, workspaceId, userId)),
    session: id => read(store => store.get('session', id)),
    sessions: ({ userId, workspaceId }) => {
      const now = new Date(clock.wall()).toISOString()
      return read(store => store.sessionsOf(userId, workspaceId, now, sessionsMax))
    },
    apiKey: id => read(store => store.get('apiKey', id)),
    apiKeys: ({ userId, workspaceId }) => {
      const now = new Date(clock.wall()).toISOString()
      return read(store => store.apiKeysOf(userId, workspaceId, now, apiKeysMax))
    },
    serviceAccounts: ({ workspaceId, ids }) =>
      read(store =>
        ids === undefined
          ? store.serviceAccountsOf(workspaceId, serviceAccountsMax)
          : ids.map(id => {
              const account = store.get('serviceAccount', id)
              return account?.workspaceId === workspaceId ? account : undefined
            }),
      ),
    invitations: workspaceId => {
      const now = new Date(clock.wall()).toISOString()
      return read(store => store.invitationsOf(workspaceId, now, invitationsMax))
    },
    projectRoles: ({ workspaceId, actorId }) =>
      read(store => store.projectRolesOf(workspaceId, actorId, projectRolesMax)),
    identities: userId => read(store => store.identitiesOf(userId, identitiesMax)),
    async put(records) {
      // Whichever agent is asked, the write goes to every copy: only together do they know who missed it.
      await directories.put(records)
      return undefined
    },
  }
}

/**
 * Who a verified token is, by what the directory says now: the session must be live and the role is today's. Throws
 * UNAUTHENTICATED.
 */
export function principalOfSession(
  store: DirectoryStore,
  claims: AccessClaims,
  source: string,
  wallMs: number,
): ActorPrincipal {
  const { userId, workspaceId, sessionId, expiresAt } = claims
  const session = store.get('session', sessionId)
  if (session === undefined || session.revokedAt !== null) throw unauthenticated('the session has ended')
  if (Date.parse(session.expiresAt) <= wallMs) throw unauthenticated('the session has expired')
  if (session.userId !== userId || session.workspaceId !== workspaceId) {
    throw unauthenticated('the session is of somebody else')
  }
  const grant = grantToday(store, workspaceId, userId)
  if (grant === undefined) throw unauthenticated('no longer a member')
  return {
    kind: 'actor',
    actorId: userId,
    workspaceId,
    sessionId,
    expiresAt,
    source,
    ...grant,
  }
}

/** The user's membership in the workspace with that slug, or in the one joined first. */
export function membershipIn(
  store: DirectoryStore,
  userId: string,
  slug: string | undefined,
): MemberRecord | undefined {
  if (slug === undefined) return store.membershipsOf(userId)[0]
  const workspace = store.workspaceBySlug(slug)
  return workspace && currentMember(store, workspace.id, userId)
}
