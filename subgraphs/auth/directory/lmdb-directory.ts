import { mkdir } from 'node:fs/promises'
import { type Key, type RootDatabase, open } from 'lmdb'
import type {
  IdentityRecord,
  InvitationRecord,
  ProjectRoleRecord,
  ServiceAccountRecord,
} from '../account-records.ts'
import type { ApiKeyRecord, DirectoryRecord, SessionRecord } from '../authority.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { unwaited, written } from '../../../kernel/lmdb-failure.ts'
import type { DirectoryStore, RecordKind, RecordOfKind, RecordPlace } from './directory-store.ts'
import { stampDirectory } from './directory-layout.ts'
import { indexKeys, keyOf, lastOf } from './lmdb-keys.ts'
import { decodeRecord, encodeRecord } from './record-codec.ts'
import { mergeRecords } from './record-merge.ts'
import { vetDirectory } from './vet-directory.ts'

const membershipsMax = 100

/**
 * Opens (or makes) the directory in folder `path`. Every write is on the disk when it answers. Rejects with
 * DATA_FOLDER_CORRUPT when the file is damaged, with STORE_TOO_NEW when a newer Ennead laid it out, and with
 * DATA_FOLDER_UNREADABLE when it cannot be used.
 */
export async function openDirectory(path: string, signal?: AbortSignal): Promise<DirectoryStore> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await vetDirectory(path, signal)
    // Without overlappingSync a transaction answers after its fsync; with it, before.
    // Batches of a turn would have a promise that nobody has to catch when there is no disk space left.
    const durable = { overlappingSync: false, eventTurnBatching: false } as const
    const db = open<string, Key[]>({ path, encoding: 'string', ...durable })
    try {
      stampDirectory(db, path)
    } catch (failure) {
      await db.close()
      throw failure
    }
    return new LmdbDirectory(db)
  } catch (cause) {
    if (cause instanceof EnneadError) throw cause
    throw new EnneadError('DATA_FOLDER_UNREADABLE', `the directory in ${path} cannot be opened`, { cause })
  }
}

class LmdbDirectory implements DirectoryStore {
  readonly detail = 'LMDB'
  readonly #db: RootDatabase<string, Key[]>

  constructor(db: RootDatabase<string, Key[]>) {
    this.#db = unwaited<string, Key[], RootDatabase<string, Key[]>>(db)
  }

  get<K extends RecordKind>(kind: K, id: string): RecordOfKind[K] | undefined {
    const text = this.#db.get(keyOf({ kind, id }))
    // The key says the kind, and only records of that kind are written under it.
    return text === undefined ? undefined : (decodeRecord(text) as RecordOfKind[K])
  }

  userByEmail(email: string): RecordOfKind['user'] | undefined {
    return this.#first('user', ['email', email])
  }

  userBySubject(subject: string): RecordOfKind['user'] | undefined {
    return this.#first('user', ['subject', subject])
  }

  workspaceBySlug(slug: string): RecordOfKind['workspace'] | undefined {
    return this.#first('workspace', ['slug', slug])
  }

  membersOf(
    workspaceId: string,
    after: string | undefined,
    limit: number,
  ): readonly RecordOfKind['member'][] {
    const prefix = ['members', workspaceId]
    if (after === undefined) return this.#many('member', prefix, limit)
    const last = this.get('member', after)
    if (last === undefined || last.workspaceId !== workspaceId) {
      throw new EnneadError('CURSOR_INVALID', 'the cursor was not issued for this list')
    }
    return this.#many('member', prefix, limit, [...prefix, last.joinedAt, last.id])
  }

  countMembers(workspaceId: string): number {
    const prefix = ['members', workspaceId]
    return this.#db.getKeysCount({ start: prefix, end: lastOf(prefix) })
  }

  membershipsOf(userId: string): readonly RecordOfKind['member'][] {
    return this.#many('member', ['memberships', userId], membershipsMax)
  }

  sessionsOf(
    userId: string,
    workspaceId: string | undefined,
    now: string,
    limit: number,
  ): readonly SessionRecord[] {
    const prefix = ['sessions', userId, ...(workspaceId === undefined ? [] : [workspaceId])]
    return this.#unexpired('session', prefix, now, limit)
  }

  apiKeysOf(userId: string, workspaceId: string, now: string, limit: number): readonly ApiKeyRecord[] {
    return this.#unexpired('apiKey', ['apiKeys', userId, workspaceId], now, limit)
  }

  serviceAccountsOf(workspaceId: string, limit: number): readonly ServiceAccountRecord[] {
    return this.#many('serviceAccount', ['serviceAccounts', workspaceId], limit)
  }

  invitationsOf(workspaceId: string, now: string, limit: number): readonly InvitationRecord[] {
    return this.#unexpired('invitation', ['invitations', workspaceId], now, limit)
  }

  identitiesOf(userId: string, limit: number): readonly IdentityRecord[] {
    return this.#many('identity', ['identities', userId], limit)
  }

  projectRolesOf(workspaceId: string, actorId: string, limit: number): readonly ProjectRoleRecord[] {
    return this.#many('projectRole', ['projectRoles', workspaceId, actorId], limit)
  }

  scan(after: RecordPlace | undefined, limit: number): readonly DirectoryRecord[] {
    const start = after === undefined ? ['record'] : keyOf(after)
    const range = this.#db.getRange({ start, exclusiveStart: true, end: lastOf(['record']), limit })
    return Array.from(range, entry => decodeRecord(entry.value))
  }

  async merge(records: readonly DirectoryRecord[]): Promise<void> {
    const merged = this.#db.transaction(() => {
      // Everything is read first: a transaction that throws keeps what it has written before.
      const changes = new Map<string, { before: DirectoryRecord | undefined; after: DirectoryRecord }>()
      for (const record of records) {
        const before = changes.get(record.id)?.before ?? this.get(record.kind, record.id)
        const known = changes.get(record.id)?.after ?? before
        changes.set(record.id, { before, after: known === undefined ? record : mergeRecords(known, record) })
      }
      for (const { before, after } of changes.values()) {
        for (const key of before === undefined ? [] : indexKeys(before)) void this.#db.remove(key)
        void this.#db.put(keyOf(after), encodeRecord(after))
        for (const key of indexKeys(after)) void this.#db.put(key, '')
      }
    })
    await written(merged)
  }

  async forgetExpired(before: string, limit: number): Promise<number> {
    const forgotten = this.#db.transaction(() => {
      const expired: (SessionRecord | InvitationRecord)[] = []
      for (const key of this.#db.getKeys({ start: ['expiry'], end: ['expiry', before] })) {
        const id = String(key.at(-1))
        const record = this.get('session', id) ?? this.get('invitation', id)
        if (record !== undefined) expired.push(record)
        if (expired.length >= limit) break
      }
      for (const record of expired) {
        for (const key of indexKeys(record)) void this.#db.remove(key)
        void this.#db.remove(keyOf(record))
      }
      return expired.length
    })
    return written(forgotten)
  }

  async close(): Promise<void> {
    await this.#db.close()
  }

  /** Those under `prefix` that have not expired, the last key first. */
  #unexpired<K extends 'session' | 'apiKey' | 'invitation'>(
    kind: K,
    prefix: readonly string[],
    now: string,
    limit: number,
  ): RecordOfKind[K][] {
    const live: RecordOfKind[K][] = []
    for (const key of this.#db.getKeys({ start: lastOf(prefix), end: [...prefix], reverse: true })) {
      const record = this.get(kind, String(key.at(-1)))
      if (record === undefined || record.expiresAt <= now) continue
      if (live.push(record) >= limit) break
    }
    return live
  }

  #first<K extends RecordKind>(kind: K, prefix: readonly string[]): RecordOfKind[K] | undefined {
    return this.#many(kind, prefix, 1)[0]
  }

  /** The records that the keys under `prefix` end with, behind `behind`. */
  #many<K extends RecordKind>(
    kind: K,
    prefix: readonly string[],
    limit: number,
    behind?: readonly string[],
  ): RecordOfKind[K][] {
    const range = { end: lastOf(prefix), limit, exclusiveStart: behind !== undefined }
    const keys = this.#db.getKeys({ start: [...(behind ?? prefix)], ...range })
    return Array.from(keys, key => this.get(kind, String(key.at(-1)))).filter(record => record !== undefined)
  }
}
