import { unreachable } from '../../../kernel/errors.ts'
import type { DirectoryRecord } from '../authority.ts'
import type { RecordPlace } from './directory-store.ts'

/**
 * The keys of one LMDB environment. Records are under `['record', kind, id]`; every other key is an index whose last
 * part is the id it leads to. Ids and instants are ASCII, so they sort as text.
 */
export function keyOf(record: RecordPlace): string[] {
  return ['record', record.kind, record.id]
}

/** Behind every key that begins with `prefix`. */
export function lastOf(prefix: readonly string[]): string[] {
  return [...prefix, '\u{10ffff}']
}

/** The index keys that lead to `record`. */
export function indexKeys(record: DirectoryRecord): string[][] {
  switch (record.kind) {
    case 'user': {
      const email = ['email', record.email, record.id]
      return record.subject === undefined ? [email] : [email, ['subject', record.subject, record.id]]
    }
    case 'workspace':
      return [['slug', record.slug, record.id]]
    case 'member': {
      if (record.leftAt !== null) return []
      const { id, workspaceId, userId, joinedAt } = record
      return [
        ['members', workspaceId, joinedAt, id],
        ['memberships', userId, joinedAt, id],
      ]
    }
    case 'session': {
      const { id, userId, workspaceId, createdAt, expiresAt } = record
      const expiry = ['expiry', expiresAt, id]
      return record.revokedAt === null ? [expiry, ['sessions', userId, workspaceId, createdAt, id]] : [expiry]
    }
    case 'apiKey': {
      const { id, userId, workspaceId, createdAt, revokedAt } = record
      return revokedAt === null ? [['apiKeys', userId, workspaceId, createdAt, id]] : []
    }
    case 'serviceAccount':
      return [['serviceAccounts', record.workspaceId, record.createdAt, record.id]]
    case 'invitation': {
      const { id, workspaceId, createdAt, expiresAt, revokedAt, acceptedAt } = record
      const expiry = ['expiry', expiresAt, id]
      const open = revokedAt === null && acceptedAt === null
      return open ? [expiry, ['invitations', workspaceId, createdAt, id]] : [expiry]
    }
    case 'identity':
      return record.unlinkedAt === null ? [['identities', record.userId, record.id]] : []
    case 'projectRole': {
      const { id, workspaceId, actorId, projectId, endedAt } = record
      return endedAt === null ? [['projectRoles', workspaceId, actorId, projectId, id]] : []
    }
    default:
      return unreachable(record)
  }
}
