import type { Role } from '../../kernel/principal.ts'

/** An identity without a person: it has API keys and a role in one workspace, and never a password or a session. */
export interface ServiceAccountRecord {
  readonly kind: 'serviceAccount'
  readonly id: string
  readonly version: number
  readonly workspaceId: string
  readonly displayName: string
  readonly role: Role
  /** Id of the member who made it. */
  readonly createdBy: string
  readonly createdAt: string
  /** Its keys are refused since then; null: it works. */
  readonly disabledAt: string | null
}

/**
 * An offer to become a member, for whoever has its token. Copies merge like sessions: the higher version wins, and
 * `revokedAt`, once set, stays.
 */
export interface InvitationRecord {
  readonly kind: 'invitation'
  readonly id: string
  readonly version: number
  readonly workspaceId: string
  /** In the form of `normalEmail`. */
  readonly email: string
  readonly role: Role
  /** Id of the member who invites. */
  readonly invitedBy: string
  readonly createdAt: string
  readonly expiresAt: string
  readonly revokedAt: string | null
  readonly acceptedAt: string | null
  /** Id of the user who has accepted. */
  readonly acceptedBy: string | null
  /** SHA-256 of its secret. */
  readonly secretHash: string
}

/** Somebody at an OIDC provider who is a user here. */
export interface IdentityRecord {
  readonly kind: 'identity'
  /** `identityIdOf(issuer, subject)`: a subject of an issuer is one user at most. */
  readonly id: string
  readonly version: number
  readonly issuer: string
  /** `sub`: unique at the issuer and never given to somebody else. */
  readonly subject: string
  readonly userId: string
  readonly linkedAt: string
  /** When its user took the way in away; null: it works. Linking it again begins anew. */
  readonly unlinkedAt: string | null
}

/** A role in one project besides the one in its workspace. */
export interface ProjectRoleRecord {
  readonly kind: 'projectRole'
  /** `<workspaceId>/<actorId>/<projectId>` */
  readonly id: string
  readonly version: number
  readonly workspaceId: string
  /** Of a user or a service account. */
  readonly actorId: string
  readonly projectId: string
  readonly role: Role
  /** When it was taken away; null: it holds. */
  readonly endedAt: string | null
}
