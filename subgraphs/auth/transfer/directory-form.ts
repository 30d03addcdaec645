import { EnneadError, unreachable } from '../../../kernel/errors.ts'
import { type IdKind, kindOfGlobalId } from '../../../kernel/global-id.ts'
import { normalInstant } from '../../service/date-time.ts'
import type { IdentityRecord, ProjectRoleRecord, ServiceAccountRecord } from '../account-records.ts'
import type { MemberRecord, UserRecord, WorkspaceRecord } from '../authority.ts'
import { identityIdOf, isEmail, memberIdOf, projectRoleIdOf } from '../directory/directory-store.ts'

/**
 * Kinds that leave in an export, in an order in which nothing stands before what it needs. Sessions, API keys and
 * invitations stay: people sign in and invite anew.
 */
export const directoryKinds = [
  'workspace',
  'user',
  'member',
  'serviceAccount',
  'projectRole',
  'identity',
] as const
export type DirectoryKind = (typeof directoryKinds)[number]
export type TransferredRecord =
  WorkspaceRecord | UserRecord | MemberRecord | ServiceAccountRecord | ProjectRoleRecord | IdentityRecord

type Fields<R> = { readonly [F in Exclude<keyof R, 'kind'>]-?: (value: unknown) => boolean }

const text = (max: number) => (value: unknown) =>
  typeof value === 'string' && value.isWellFormed() && value.trim() !== '' && value.length <= max
const idOf =
  (...kinds: readonly IdKind[]) =>
  (value: unknown) =>
    typeof value === 'string' && kinds.some(kind => kindOfGlobalId(value) === kind)
const version = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 1
const instant = (value: unknown): boolean => typeof value === 'string' && normalInstant(value) === value
const role = (value: unknown): boolean =>
  value === 'OWNER' || value === 'ADMIN' || value === 'MEMBER' || value === 'GUEST'
const orAbsent = (form: (value: unknown) => boolean) => (value: unknown) => value === undefined || form(value)
const orNull = (form: (value: unknown) => boolean) => (value: unknown) => value === null || form(value)

/** Every field of every kind: one that authority.ts gets and this does not have is a type error. */
const forms: {
  readonly workspace: Fields<WorkspaceRecord>
  readonly user: Fields<UserRecord>
  readonly member: Fields<MemberRecord>
  readonly serviceAccount: Fields<ServiceAccountRecord>
  readonly projectRole: Fields<ProjectRoleRecord>
  readonly identity: Fields<IdentityRecord>
} = {
  workspace: {
    id: idOf('Workspace'),
    version,
    slug: value => typeof value === 'string' && /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value),
    name: text(200),
    createdAt: instant,
  },
  user: {
    id: idOf('User'),
    version,
    email: value => typeof value === 'string' && text(254)(value) && isEmail(value),
    displayName: text(200),
    avatarUrl: orNull(text(2_000)),
    timezone: text(100),
    passwordHash: orAbsent(
      value => typeof value === 'string' && /^argon2id\$[\x21-\x7e]{1,500}$/.test(value),
    ),
    subject: orAbsent(text(255)),
  },
  member: {
    id: text(200),
    version,
    workspaceId: idOf('Workspace'),
    userId: idOf('User'),
    role,
    joinedAt: instant,
    leftAt: orNull(instant),
  },
  serviceAccount: {
    id: idOf('ServiceAccount'),
    version,
    workspaceId: idOf('Workspace'),
    displayName: text(100),
    role,
    createdBy: idOf('User'),
    createdAt: instant,
    disabledAt: orNull(instant),
  },
  projectRole: {
    id: text(200),
    version,
    workspaceId: idOf('Workspace'),
    actorId: idOf('User', 'ServiceAccount'),
    projectId: idOf('Project'),
    role,
    endedAt: orNull(instant),
  },
  identity: {
    id: text(200),
    version,
    issuer: text(2_000),
    subject: text(255),
    userId: idOf('User'),
    linkedAt: instant,
    unlinkedAt: orNull(instant),
  },
}

/** Is this a line of the directory's? */
export function isDirectoryKind(kind: unknown): kind is DirectoryKind {
  return directoryKinds.some(known => known === kind)
}

/**
 * The user, workspace or member a line of an export holds. Throws IMPORT_INVALID that names the field; values are not
 * repeated, they may be secrets.
 */
export function directoryRecordIn(value: Readonly<Record<string, unknown>>): TransferredRecord {
  const { kind, id } = value
  if (!isDirectoryKind(kind)) {
    throw new EnneadError('IMPORT_INVALID', `kind must be one of ${directoryKinds.join(', ')}`)
  }
  const shown = (JSON.stringify(id) ?? 'without id').slice(0, 80)
  const form = new Map(Object.entries(forms[kind]))
  const unknown = Object.keys(value).find(name => name !== 'kind' && !form.has(name))
  if (unknown !== undefined) {
    throw new EnneadError('IMPORT_INVALID', `a ${kind} has no field ${JSON.stringify(unknown.slice(0, 80))}`)
  }
  for (const [name, isRight] of form) {
    if (!isRight(value[name])) {
      throw new EnneadError('IMPORT_INVALID', `${kind} ${shown}: ${name} is missing or not of its form`)
    }
  }
  // Each field has just been checked to be what the kind's type says.
  const record = value as unknown as TransferredRecord
  const rightId = composedId(record)
  if (rightId !== undefined && record.id !== rightId) {
    throw new EnneadError('IMPORT_INVALID', `${kind} ${shown}: id is not that of what it names`)
  }
  return record
}

/** The only id a record may have whose id says what it connects. */
function composedId(record: TransferredRecord): string | undefined {
  switch (record.kind) {
    case 'member':
      return memberIdOf(record.workspaceId, record.userId)
    case 'projectRole':
      return projectRoleIdOf(record.workspaceId, record.actorId, record.projectId)
    case 'identity':
      return identityIdOf(record.issuer, record.subject)
    case 'workspace':
    case 'user':
    case 'serviceAccount':
      return undefined
    default:
      return unreachable(record)
  }
}
