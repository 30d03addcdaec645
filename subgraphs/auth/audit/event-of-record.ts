import { unreachable } from '../../../kernel/errors.ts'
import type { TransferredRecord } from '../transfer/directory-form.ts'
import type { AuditEvent } from './audit-entry.ts'

/** What an operator has done who stored this record. */
export function eventOf(record: TransferredRecord): AuditEvent {
  switch (record.kind) {
    case 'user':
      return { kind: 'USER_CREATED', userId: record.id }
    case 'workspace':
      return { kind: 'WORKSPACE_CREATED', workspaceId: record.id }
    case 'member': {
      const { userId, workspaceId, leftAt, role } = record
      return { kind: 'MEMBER_CHANGED', userId, workspaceId, role: leftAt === null ? role : null }
    }
    case 'serviceAccount': {
      const { id, workspaceId, disabledAt, role } = record
      const now = disabledAt === null ? role : null
      return { kind: 'SERVICE_ACCOUNT_CHANGED', serviceAccountId: id, workspaceId, role: now }
    }
    case 'projectRole': {
      const { actorId, workspaceId, projectId, endedAt, role } = record
      const now = endedAt === null ? role : null
      return { kind: 'PROJECT_ROLE_CHANGED', actorId, workspaceId, projectId, role: now }
    }
    case 'identity':
      return { kind: 'IDENTITY_LINKED', userId: record.userId, issuer: record.issuer }
    default:
      return unreachable(record)
  }
}
