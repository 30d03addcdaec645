import type { Dispatcher } from '../../../dispatch/port.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { kindOfGlobalId, newGlobalId } from '../../../kernel/global-id.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import { grantOf } from '../abilities.ts'
import type { ServiceAccountRecord } from '../account-records.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ApiKeyRecord, Authority } from '../authority.ts'
import type { Directories } from '../directory/directories.ts'
import { projectRolesMax } from '../directory/grants.ts'
import { requireToday } from '../members/allowed-today.ts'
import type { Caller } from '../sign-in/sessions.ts'
import { oneAtATime } from '../sign-in/one-at-a-time.ts'
import { hashSecret } from '../tokens/refresh-token.ts'
import { newKeySecret, writeApiKey } from './key-text.ts'

export interface NewApiKey {
  /** The service account that it is for. Undefined: it is the maker's own. */
  readonly serviceAccountId?: string | undefined
  /** 1 to 100 characters, for people. */
  readonly name: string
  /** Of those that its maker has, and the service account; undefined: all of them. */
  readonly scopes: readonly string[] | undefined
  /** 1 to 365. */
  readonly expiresInDays: number
}

export interface CreatedApiKey {
  /** The only time it is told. */
  readonly key: string
  readonly record: ApiKeyRecord
}

export interface ApiKeysParts {
  readonly directories: Pick<Directories, 'best'>
  readonly authority: Dispatcher<Authority>
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

/** Of one user or service account in one workspace that are neither revoked nor expired. */
export const apiKeysMax = 50
const daysMax = 365
const dayMs = 86_400_000
const creationsWaitingMax = 32

/**
 * Makes and revokes API keys: credentials of programs, which act for their maker, or for a service account, with no more rights
 * than it has. Keys of a service account are made and revoked by those who may change the account.
 */
export class ApiKeys {
  readonly #parts: ApiKeysParts
  readonly #inTurn = oneAtATime(creationsWaitingMax)

  constructor(parts: ApiKeysParts) {
    this.#parts = parts
  }

  /** Rejects with BAD_USER_INPUT. */
  async create(by: ActorPrincipal, given: NewApiKey, caller: Caller): Promise<CreatedApiKey> {
    const { workspaceId } = by
    const userId = given.serviceAccountId ?? by.actorId
    const name = given.name.trim()
    const has = this.#scopesFor(by, userId)
    const scopes = [...new Set(given.scopes ?? has)]
    const missing = scopes.find(scope => !has.includes(scope))
    check(name.length >= 1 && name.length <= 100, 'name must have 1 to 100 characters')
    check(scopes.length > 0, 'scopes must not be empty')
    check(missing === undefined, `scopes: ${JSON.stringify(missing)} is none of ${has.join(', ')}`)
    const { expiresInDays } = given
    check(expiresInDays >= 1 && expiresInDays <= daysMax, `expiresInDays must be 1 to ${daysMax}`)
    return this.#inTurn(userId, async () => {
      const { authority, clock, audit } = this.#parts
      const known = await authority.call('apiKeys', { userId, workspaceId }, caller.call)
      check(known.length < apiKeysMax, `there are ${apiKeysMax} API keys already; revoke one first`)
      const wallMs = clock.wall()
      const secret = newKeySecret()
      const record: ApiKeyRecord = {
        kind: 'apiKey',
        id: newGlobalId('ApiKey', wallMs),
        version: 1,
        userId,
        workspaceId,
        name,
        scopes,
        createdAt: new Date(wallMs).toISOString(),
        expiresAt: new Date(wallMs + expiresInDays * dayMs).toISOString(),
        revokedAt: null,
        secretHash: hashSecret(secret),
      }
      await authority.call('put', [record], caller.call)
      const maker = userId === by.actorId ? {} : { by: by.actorId }
      await audit.append({ kind: 'KEY_CREATED', keyId: record.id, userId, workspaceId, ...maker }, caller)
      return { key: writeApiKey({ id: record.id, secret }), record }
    })
  }

  /** Its maker revokes it, or who may change its service account. Rejects with NOT_FOUND or FORBIDDEN. */
  async revoke(by: ActorPrincipal, id: string, caller: Caller): Promise<ApiKeyRecord> {
    const { authority, clock, audit } = this.#parts
    const { actorId, workspaceId } = by
    const record = await authority.call('apiKey', id, caller.call)
    const own = record?.userId === actorId
    // Of somebody else, or elsewhere, is as good as not there.
    if (record?.workspaceId !== workspaceId || (!own && kindOfGlobalId(record.userId) !== 'ServiceAccount'))
      throw new EnneadError('NOT_FOUND', 'there is no such API key')
    if (!own) this.#requireAccount(by, record.userId)
    if (record.revokedAt !== null) return record
    const revoked = {
      ...record,
      version: record.version + 1,
      revokedAt: new Date(clock.wall()).toISOString(),
    }
    await authority.call('put', [revoked], caller.call)
    const event = { kind: 'KEY_REVOKED', keyId: id, userId: record.userId, workspaceId } as const
    await audit.append({ ...event, ...(own ? {} : { by: actorId }) }, caller)
    return revoked
  }

  /** The scopes a key may have: those of who makes it that its owner has as well. */
  #scopesFor(by: ActorPrincipal, ownerId: string): readonly string[] {
    if (ownerId === by.actorId) return by.scopes
    const { role, id } = this.#requireAccount(by, ownerId)
    const projects = this.#parts.directories.best().projectRolesOf(by.workspaceId, id, projectRolesMax)
    const account = grantOf(role, by.workspaceId, id, projects).scopes
    return by.scopes.filter(scope => account.includes(scope))
  }

  #requireAccount(by: ActorPrincipal, id: string): ServiceAccountRecord {
    const store = this.#parts.directories.best()
    const account = store.get('serviceAccount', id)
    if (account?.workspaceId !== by.workspaceId)
      throw new EnneadError('NOT_FOUND', 'there is no such service account')
    const { workspaceId, role } = account
    requireToday(by, store, 'update', 'ServiceAccount', { workspaceId, role })
    return account
  }
}

function check(allowed: boolean, message: string): void {
  if (!allowed) throw new EnneadError('BAD_USER_INPUT', message)
}
