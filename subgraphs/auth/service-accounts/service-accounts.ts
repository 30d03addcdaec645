import type { Dispatcher } from '../../../dispatch/port.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { ActorPrincipal, Role } from '../../../kernel/principal.ts'
import type { ServiceAccountRecord } from '../account-records.ts'
import type { Administration } from '../administration.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Authority } from '../authority.ts'
import { requireToday } from '../members/allowed-today.ts'
import type { Caller } from '../sign-in/sessions.ts'

export interface ServiceAccountChange {
  readonly id: string
  /** 1 to 100 characters. Undefined: stays. */
  readonly name: string | undefined
  readonly role: Role | undefined
  /** Its keys are refused while it is. */
  readonly disabled: boolean | undefined
}

export interface ServiceAccountsParts {
  readonly administration: Pick<Administration, 'inTurn'>
  readonly authority: Dispatcher<Authority>
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

/** Of one workspace. */
export const serviceAccountsMax = 200

/**
 * Makes and changes service accounts: identities without a person. They have API keys (api-keys.ts) and never a password. Who
 * may is decided by the roles of the moment; nobody makes one that may do more than they do. They are disabled rather than
 * deleted, because tasks go on naming who made them. Refusals are BAD_USER_INPUT, NOT_FOUND and FORBIDDEN.
 */
export class ServiceAccounts {
  readonly #parts: ServiceAccountsParts

  constructor(parts: ServiceAccountsParts) {
    this.#parts = parts
  }

  async create(
    by: ActorPrincipal,
    given: { name: string; role: Role },
    caller: Caller,
  ): Promise<ServiceAccountRecord> {
    const { administration, clock } = this.#parts
    const { workspaceId, actorId } = by
    const displayName = nameIn(given.name)
    return administration.inTurn(async store => {
      requireToday(by, store, 'create', 'ServiceAccount', { workspaceId, role: given.role })
      if (store.serviceAccountsOf(workspaceId, serviceAccountsMax).length >= serviceAccountsMax)
        throw badInput(
          `there are ${serviceAccountsMax} service accounts already; rename one that is disabled`,
        )
      const wallMs = clock.wall()
      const record: ServiceAccountRecord = {
        kind: 'serviceAccount',
        id: newGlobalId('ServiceAccount', wallMs),
        version: 1,
        workspaceId,
        displayName,
        role: given.role,
        createdBy: actorId,
        createdAt: new Date(wallMs).toISOString(),
        disabledAt: null,
      }
      return this.#put(record, by, caller)
    })
  }

  async update(
    by: ActorPrincipal,
    change: ServiceAccountChange,
    caller: Caller,
  ): Promise<ServiceAccountRecord> {
    const { administration, clock } = this.#parts
    const { workspaceId } = by
    const displayName = change.name === undefined ? undefined : nameIn(change.name)
    return administration.inTurn(async store => {
      const before = store.get('serviceAccount', change.id)
      // Of another workspace is as good as not there.
      if (before?.workspaceId !== workspaceId)
        throw new EnneadError('NOT_FOUND', 'there is no such service account')
      const role = change.role ?? before.role
      requireToday(by, store, 'update', 'ServiceAccount', { workspaceId, role: before.role })
      requireToday(by, store, 'update', 'ServiceAccount', { workspaceId, role })
      const now = new Date(clock.wall()).toISOString()
      const disabled = change.disabled ?? before.disabledAt !== null
      const disabledAt = disabled ? (before.disabledAt ?? now) : null
      const after = { ...before, role, disabledAt, displayName: displayName ?? before.displayName }
      return this.#put({ ...after, version: before.version + 1 }, by, caller)
    })
  }

  async #put(
    record: ServiceAccountRecord,
    by: ActorPrincipal,
    caller: Caller,
  ): Promise<ServiceAccountRecord> {
    const { authority, audit } = this.#parts
    await authority.call('put', [record])
    const { id: serviceAccountId, workspaceId, role, disabledAt } = record
    const now = { serviceAccountId, workspaceId, role: disabledAt === null ? role : null, by: by.actorId }
    await audit.append({ kind: 'SERVICE_ACCOUNT_CHANGED', ...now }, caller)
    return record
  }
}

function nameIn(given: string): string {
  const name = given.trim()
  if (name.length < 1 || name.length > 100) throw badInput('name must have 1 to 100 characters')
  return name
}

function badInput(message: string): EnneadError {
  return new EnneadError('BAD_USER_INPUT', message)
}
