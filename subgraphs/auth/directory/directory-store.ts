import { createHash } from 'node:crypto'
import type {
  IdentityRecord,
  InvitationRecord,
  ProjectRoleRecord,
  ServiceAccountRecord,
} from '../account-records.ts'
import type {
  ApiKeyRecord,
  DirectoryRecord,
  MemberRecord,
  SessionRecord,
  UserRecord,
  WorkspaceRecord,
} from '../authority.ts'

export type RecordKind = DirectoryRecord['kind']

export interface RecordOfKind {
  readonly user: UserRecord
  readonly workspace: WorkspaceRecord
  readonly member: MemberRecord
  readonly session: SessionRecord
  readonly apiKey: ApiKeyRecord
  readonly serviceAccount: ServiceAccountRecord
  readonly invitation: InvitationRecord
  readonly identity: IdentityRecord
  readonly projectRole: ProjectRoleRecord
}

/** The place of a record in a scan. */
export interface RecordPlace {
  readonly kind: RecordKind
  readonly id: string
}

/**
 * One durable copy of the directory: users, workspaces, members, their roles and credentials. Reads answer from memory that the
 * operating system keeps, at once; they throw DATA_FOLDER_CORRUPT for a record that is not what was written.
 */
export interface DirectoryStore {
  /** For operators, e.g. `LMDB`. */
  readonly detail: string
  get<K extends RecordKind>(kind: K, id: string): RecordOfKind[K] | undefined
  /** By address in the form of `normalEmail`. Of several users with one address, the one made first. */
  userByEmail(email: string): UserRecord | undefined
  userBySubject(subject: string): UserRecord | undefined
  /** Of several workspaces with one slug, the one made first. */
  workspaceBySlug(slug: string): WorkspaceRecord | undefined
  /** Members that have not left, in the order they joined, behind member id `after`. Throws CURSOR_INVALID for one it does not know. */
  membersOf(workspaceId: string, after: string | undefined, limit: number): readonly MemberRecord[]
  countMembers(workspaceId: string): number
  /** The user's workspaces that they have not left, first joined first; at most 100. */
  membershipsOf(userId: string): readonly MemberRecord[]
  /** Sessions that are neither revoked nor expired at `now` (ISO 8601), newest first in each workspace; undefined: of all. */
  sessionsOf(
    userId: string,
    workspaceId: string | undefined,
    now: string,
    limit: number,
  ): readonly SessionRecord[]
  /** API keys that are neither revoked nor expired at `now` (ISO 8601), newest first. */
  apiKeysOf(userId: string, workspaceId: string, now: string, limit: number): readonly ApiKeyRecord[]
  /** Service accounts of a workspace, first made first. */
  serviceAccountsOf(workspaceId: string, limit: number): readonly ServiceAccountRecord[]
  /** Invitations that are neither accepted nor revoked nor expired at `now` (ISO 8601), newest first. */
  invitationsOf(workspaceId: string, now: string, limit: number): readonly InvitationRecord[]
  /** Identities at providers that lead to a user. */
  identitiesOf(userId: string, limit: number): readonly IdentityRecord[]
  /** Roles in projects that have not ended, by project. */
  projectRolesOf(workspaceId: string, actorId: string, limit: number): readonly ProjectRoleRecord[]
  /** Records behind `after`, by kind and id; `undefined` begins. */
  scan(after: RecordPlace | undefined, limit: number): readonly DirectoryRecord[]
  /** Merges records into what is there (record-merge.ts), all or none. Durable when it answers. */
  merge(records: readonly DirectoryRecord[]): Promise<void>
  /** Deletes at most `limit` sessions and invitations that expired before `before` (ISO 8601); answers how many. */
  forgetExpired(before: string, limit: number): Promise<number>
  close(): Promise<void>
}

/** An e-mail address in the form in which it is stored and looked up: without blanks around it, lower case. */
export function normalEmail(email: string): string {
  return email.trim().toLowerCase()
}

/** Is this, in the form of `normalEmail`, an address that can be stored? Says nothing about whether it is somebody's. */
export function isEmail(normal: string): boolean {
  return normal.length <= 254 && normalEmail(normal) === normal && /^[^\s@]+@[^\s@]+$/.test(normal)
}

/** The id of a member record. */
export function memberIdOf(workspaceId: string, userId: string): string {
  return `${workspaceId}/${userId}`
}

/** The id of a project role record. */
export function projectRoleIdOf(workspaceId: string, actorId: string, projectId: string): string {
  return `${workspaceId}/${actorId}/${projectId}`
}

/** The id of an identity record: issuers and subjects are texts of any form. */
export function identityIdOf(issuer: string, subject: string): string {
  return `identity_${createHash('sha256')
    .update(JSON.stringify([issuer, subject]))
    .digest('base64url')}`
}
