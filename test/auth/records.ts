import type { ApiKeyRecord, MemberRecord, SessionRecord, UserRecord } from '../../subgraphs/auth/authority.ts'

export function sessionRecord(changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    kind: 'session',
    id: 'session-1',
    generation: 1,
    userId: 'user-1',
    workspaceId: 'workspace-1',
    createdAt: '2026-01-01T00:00:00.000Z',
    lastSeenAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2099-01-01T00:00:00.000Z',
    userAgent: null,
    revokedAt: null,
    familyHash: 'f',
    secretHash: 's',
    ...changes,
  }
}

export function userRecord(changes: Partial<UserRecord> = {}): UserRecord {
  return {
    kind: 'user',
    id: 'user-1',
    version: 1,
    email: 'user-1@navy.example',
    displayName: 'User 1',
    avatarUrl: null,
    timezone: 'UTC',
    passwordHash: undefined,
    ...changes,
  }
}

export function memberRecord(changes: Partial<MemberRecord> = {}): MemberRecord {
  const { workspaceId = 'workspace-1', userId = 'user-1' } = changes
  return {
    kind: 'member',
    id: `${workspaceId}/${userId}`,
    version: 1,
    workspaceId,
    userId,
    role: 'MEMBER',
    joinedAt: '2026-01-01T00:00:00.000Z',
    leftAt: null,
    ...changes,
  }
}

export function apiKeyRecord(changes: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
  return {
    kind: 'apiKey',
    id: 'apikey-1',
    version: 1,
    userId: 'user-1',
    workspaceId: 'workspace-1',
    name: 'CI',
    scopes: ['tasks:read', 'tasks:write'],
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: '2099-01-01T00:00:00.000Z',
    revokedAt: null,
    secretHash: 's',
    ...changes,
  }
}
