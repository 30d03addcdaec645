import type { Operation } from '../../dispatch/port.ts'
import type { ActorPrincipal, Role } from '../../kernel/principal.ts'
import type {
  IdentityRecord,
  InvitationRecord,
  ProjectRoleRecord,
  ServiceAccountRecord,
} from './account-records.ts'

/** What a request carried to say who it is. */
export type Credential = { readonly kind: 'bearer'; readonly token: string }

export interface UserRecord {
  readonly kind: 'user'
  readonly id: string
  readonly version: number
  readonly email: string
  readonly displayName: string
  readonly avatarUrl: string | null
  readonly timezone: string
  /** `argon2id$…`, see password.ts; undefined: cannot sign in with a password. */
  readonly passwordHash: string | undefined
  /** Who this is at the configured OIDC issuer (`sub`); undefined: found by verified e-mail address only. */
  readonly subject?: string | undefined
}

export interface WorkspaceRecord {
  readonly kind: 'workspace'
  readonly id: string
  readonly version: number
  readonly slug: string
  readonly name: string
  readonly createdAt: string
}

export interface MemberRecord {
  readonly kind: 'member'
  /** `<workspaceId>/<userId>` */
  readonly id: string
  readonly version: number
  readonly workspaceId: string
  readonly userId: string
  readonly role: Role
  readonly joinedAt: string
  /** When the membership ended; the record stays, because tasks go on naming who made them. */
  readonly leftAt: string | null
}

/**
 * A signed-in device. Copies in two stores merge without losing a revocation: the higher generation wins, and
 * `revokedAt`, once set, stays.
 */
export interface SessionRecord {
  readonly kind: 'session'
  readonly id: string
  /** Counts refreshes; the refresh token of an older generation is a replay. */
  readonly generation: number
  readonly userId: string
  readonly workspaceId: string
  readonly createdAt: string
  readonly lastSeenAt: string
  readonly expiresAt: string
  readonly userAgent: string | null
  readonly revokedAt: string | null
  /** SHA-256 of the part that all refresh tokens of this session share: an older one proves itself a replay by it. */
  readonly familyHash: string
  /** SHA-256 of the part that only the refresh token of this generation has. */
  readonly secretHash: string
}

/** The credential of a program. Copies merge like sessions: the higher version wins, and `revokedAt`, once set, stays. */
export interface ApiKeyRecord {
  readonly kind: 'apiKey'
  readonly id: string
  readonly version: number
  /** For whom it acts: its maker, or a service account. */
  readonly userId: string
  readonly workspaceId: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string
  readonly revokedAt: string | null
  /** To a minute; absent: never, or before this was noted. Merged apart: the later one stays. */
  readonly lastUsedAt?: string
  /** SHA-256 of its secret. */
  readonly secretHash: string
}

export type DirectoryRecord =
  | UserRecord
  | WorkspaceRecord
  | MemberRecord
  | SessionRecord
  | ApiKeyRecord
  | ServiceAccountRecord
  | InvitationRecord
  | IdentityRecord
  | ProjectRoleRecord

/** The port of the auth domain: what an authority can do. Each leaves out what it cannot. */
export interface Authority {
  /** Who this is and what they may do. Rejects with UNAUTHENTICATED, one text for every reason. */
  readonly identify: Operation<Credential, ActorPrincipal>
  /** The user, workspace and role behind an e-mail address and password. Rejects with UNAUTHENTICATED alike for all reasons. */
  readonly verifyPassword: Operation<
    { readonly email: string; readonly password: string; readonly workspace: string | undefined },
    { readonly user: UserRecord; readonly member: MemberRecord }
  >
  readonly users: Operation<
    { readonly workspaceId: string; readonly ids: readonly string[] },
    readonly (UserRecord | undefined)[]
  >
  readonly workspaces: Operation<readonly string[], readonly (WorkspaceRecord | undefined)[]>
  /** Members in the order they joined, behind member id `after`; at most `limit` (1 to 101). */
  readonly members: Operation<
    { readonly workspaceId: string; readonly after: string | undefined; readonly limit: number },
    readonly MemberRecord[]
  >
  readonly countMembers: Operation<string, number>
  readonly member: Operation<
    { readonly workspaceId: string; readonly userId: string },
    MemberRecord | undefined
  >
  readonly session: Operation<string, SessionRecord | undefined>
  /** Sessions of a user that are neither revoked nor expired, newest first in each workspace, at most 100. */
  readonly sessions: Operation<
    {
      readonly userId: string
      /** Undefined: those of all workspaces. */
      readonly workspaceId: string | undefined
    },
    readonly SessionRecord[]
  >
  readonly apiKey: Operation<string, ApiKeyRecord | undefined>
  /** API keys of a user that are neither revoked nor expired, newest first, at most 100. */
  readonly apiKeys: Operation<
    { readonly userId: string; readonly workspaceId: string },
    readonly ApiKeyRecord[]
  >
  /** Service accounts of a workspace: those with these ids, or all, first made first, at most 200. */
  readonly serviceAccounts: Operation<
    { readonly workspaceId: string; readonly ids: readonly string[] | undefined },
    readonly (ServiceAccountRecord | undefined)[]
  >
  /** Invitations to a workspace that can still be accepted, newest first, at most 100. */
  readonly invitations: Operation<string, readonly InvitationRecord[]>
  /** Roles in projects that hold, of a member or a service account, at most 30. */
  readonly projectRoles: Operation<
    { readonly workspaceId: string; readonly actorId: string },
    readonly ProjectRoleRecord[]
  >
  /** Identities at providers that lead to a user, at most 20. */
  readonly identities: Operation<string, readonly IdentityRecord[]>
  /** Stores records, merging with what is there (higher version or generation wins). Durable when it answers. */
  readonly put: Operation<readonly DirectoryRecord[], undefined>
}
