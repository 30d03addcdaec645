import type { Dispatcher } from '../../../dispatch/port.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ApiKeyRecord, Authority } from '../authority.ts'
import type { Caller } from '../sign-in/sessions.ts'
import { oneAtATime } from '../sign-in/one-at-a-time.ts'
import { hashSecret } from '../tokens/refresh-token.ts'
import { newKeySecret, writeApiKey } from './key-text.ts'

export interface NewApiKey {
  /** 1 to 100 characters, for people. */
  readonly name: string
  /** Of those that the maker has; undefined: all of them. */
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
  readonly authority: Dispatcher<Authority>
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

/** Of one user in one workspace that are neither revoked nor expired. */
export const apiKeysMax = 50
const daysMax = 365
const dayMs = 86_400_000
const creationsWaitingMax = 32

/** Makes and revokes API keys: credentials of programs, which act for their maker with no more rights than both have. */
export class ApiKeys {
  readonly #parts: ApiKeysParts
  readonly #inTurn = oneAtATime(creationsWaitingMax)

  constructor(parts: ApiKeysParts) {
    this.#parts = parts
  }

  /** Rejects with BAD_USER_INPUT. */
  async create(by: ActorPrincipal, given: NewApiKey, caller: Caller): Promise<CreatedApiKey> {
    const { actorId: userId, workspaceId } = by
    const name = given.name.trim()
    const scopes = [...new Set(given.scopes ?? by.scopes)]
    const missing = scopes.find(scope => !by.scopes.includes(scope))
    check(name.length >= 1 && name.length <= 100, 'name must have 1 to 100 characters')
    check(scopes.length > 0, 'scopes must not be empty')
    check(missing === undefined, `scopes: ${JSON.stringify(missing)} is none of ${by.scopes.join(', ')}`)
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
      await audit.append({ kind: 'KEY_CREATED', keyId: record.id, userId, workspaceId }, caller)
      return { key: writeApiKey({ id: record.id, secret }), record }
    })
  }

  /** Its maker revokes it. Rejects with NOT_FOUND. */
  async revoke({ actorId, workspaceId }: ActorPrincipal, id: string, caller: Caller): Promise<ApiKeyRecord> {
    const { authority, clock, audit } = this.#parts
    const record = await authority.call('apiKey', id, caller.call)
    // Of somebody else, or elsewhere, is as good as not there.
    if (record?.userId !== actorId || record.workspaceId !== workspaceId)
      throw new EnneadError('NOT_FOUND', 'there is no such API key')
    if (record.revokedAt !== null) return record
    const revoked = {
      ...record,
      version: record.version + 1,
      revokedAt: new Date(clock.wall()).toISOString(),
    }
    await authority.call('put', [revoked], caller.call)
    await audit.append({ kind: 'KEY_REVOKED', keyId: id, userId: actorId, workspaceId }, caller)
    return revoked
  }
}

function check(allowed: boolean, message: string): void {
  if (!allowed) throw new EnneadError('BAD_USER_INPUT', message)
}
