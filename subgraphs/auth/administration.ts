import type { Dispatcher } from '../../dispatch/port.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import type { Role } from '../../kernel/principal.ts'
import type { ProjectRoleRecord } from './account-records.ts'
import { membershipIn } from './agents/directory-operations.ts'
import type { AuditOrigin } from './audit/audit-entry.ts'
import { eventOf } from './audit/event-of-record.ts'
import type { AuditLog } from './audit/audit-log.ts'
import type { Authority, MemberRecord, UserRecord, WorkspaceRecord } from './authority.ts'
import type { Directories } from './directory/directories.ts'
import { type DirectoryStore, memberIdOf, normalEmail } from './directory/directory-store.ts'
import { rolesEndedWith } from './directory/grants.ts'
import { memberJoining } from './members/member-joining.ts'
import { type NewUser, check, prepareUser, taken } from './members/new-user.ts'
import { oneAtATime } from './sign-in/one-at-a-time.ts'
import type { PasswordHasher } from './sign-in/password.ts'
import type { DirectoryKind, TransferredRecord } from './transfer/directory-form.ts'
import { type DirectoryImport, planDirectoryImport } from './transfer/import-directory.ts'

export interface NewWorkspace {
  /** 1 to 63 of a–z, 0–9 and hyphens, which do not stand at an end; unique. */
  readonly slug: string
  /** 1 to 200 characters. */
  readonly name: string
}

export interface CreatedUser {
  readonly user: UserRecord
  /** The only time it is told; undefined when the user has none. */
  readonly password: string | undefined
}

/** Which membership changes, and who changes it. */
export interface MemberChange {
  readonly workspaceId: string
  readonly userId: string
  /** Id of the member who does. */
  readonly by: string
  readonly origin: AuditOrigin
}

export interface AdministrationParts {
  readonly authority: Dispatcher<Authority>
  readonly directories: Directories
  readonly passwords: PasswordHasher
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

const changesWaitingMax = 1_000

/**
 * Makes and changes what the directory holds. One change at a time, so that names stay unique: of this process, which
 * is the only one that writes. Refusals are BAD_USER_INPUT (also for a name that is taken) and NOT_FOUND.
 */
export class Administration {
  readonly #parts: AdministrationParts
  readonly #inTurn = oneAtATime(changesWaitingMax)

  constructor(parts: AdministrationParts) {
    this.#parts = parts
  }

  createWorkspace({ slug, name }: NewWorkspace): Promise<WorkspaceRecord> {
    return this.#change(async () => {
      check(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(slug), 'slug', slug)
      check(name.trim().length >= 1 && name.length <= 200, 'name', name)
      if (this.#store.workspaceBySlug(slug) !== undefined) throw taken('slug', slug)
      const wallMs = this.#parts.clock.wall()
      const createdAt = new Date(wallMs).toISOString()
      const id = newGlobalId('Workspace', wallMs)
      return this.#put({ kind: 'workspace', id, version: 1, slug, name: name.trim(), createdAt })
    })
  }

  async createUser(given: NewUser): Promise<CreatedUser> {
    const prepared = await prepareUser(given, this.#parts.passwords)
    return this.#change(async () => {
      const user = await this.#put(prepared.record(this.#store, this.#parts.clock.wall()))
      return { user, password: prepared.password }
    })
  }

  /** Makes a user a member, or changes the role of one; who has left joins anew. */
  addMember(workspaceId: string, userId: string, role: Role): Promise<MemberRecord> {
    return this.#change(async () => {
      const store = this.#store
      if (store.get('workspace', workspaceId) === undefined) throw missing('workspace', workspaceId)
      if (store.get('user', userId) === undefined) throw missing('user', userId)
      const at = new Date(this.#parts.clock.wall()).toISOString()
      return this.#put(memberJoining(store, { workspaceId, userId, role, at }))
    })
  }

  /** Ends a membership; the user's tokens for the workspace are refused from then on. */
  removeMember(workspaceId: string, userId: string): Promise<MemberRecord> {
    return this.#change(async () => {
      const before = this.#store.get('member', memberIdOf(workspaceId, userId))
      if (before === undefined) throw missing('member', userId)
      if (before.leftAt !== null) return before
      const leftAt = new Date(this.#parts.clock.wall()).toISOString()
      const record = { ...before, version: before.version + 1, leftAt }
      return this.#put(record, rolesEndedWith(record, this.#store))
    })
  }

  /** Runs a change that others make, in its turn, with the store that knows most. */
  inTurn<T>(work: (store: DirectoryStore) => Promise<T>): Promise<T> {
    return this.#change(async () => work(this.#store))
  }

  /** Changes a membership as `decide` says, by what is stored then; it throws to refuse. Rejects with NOT_FOUND. */
  changeMember(
    { workspaceId, userId, by, origin }: MemberChange,
    decide: (member: MemberRecord, store: DirectoryStore) => MemberRecord,
  ): Promise<MemberRecord> {
    return this.#change(async () => {
      const store = this.#store
      const before = store.get('member', memberIdOf(workspaceId, userId))
      if (before?.leftAt !== null) throw missing('member', userId)
      const after = decide(before, store)
      if (after === before) return before
      const record = { ...after, version: before.version + 1 }
      await this.#parts.authority.call('put', [record, ...rolesEndedWith(record, store)])
      const role = record.leftAt === null ? record.role : null
      await this.#parts.audit.append({ kind: 'MEMBER_CHANGED', userId, workspaceId, role, by }, origin)
      return record
    })
  }

  /** The membership of the user with that address, in the workspace with that slug or the one joined first. */
  membership(email: string, slug: string | undefined): MemberRecord {
    const user = this.#store.userByEmail(normalEmail(email))
    if (user === undefined) throw missing('user', email)
    const member = membershipIn(this.#store, user.id, slug)
    if (member === undefined) throw missing('membership of', email)
    return member
  }

  /** The next records of a kind that leave in an export, by id; '' begins. Sessions do not leave. */
  exportRecords(kind: DirectoryKind, afterId: string, limit: number): readonly TransferredRecord[] {
    const found = this.#store.scan({ kind, id: afterId }, limit)
    return found.filter((record): record is TransferredRecord => record.kind === kind)
  }

  /** Stores records of an export, each as it was there. Rejects as planDirectoryImport throws; then nothing is changed. */
  importRecords(
    records: readonly TransferredRecord[],
    existing: 'refuse' | 'keep',
  ): Promise<DirectoryImport> {
    return this.#change(async () => {
      const plan = planDirectoryImport(this.#store, records, existing)
      if (plan.puts.length > 0) await this.#parts.authority.call('put', plan.puts)
      await Promise.all(plan.puts.map(record => this.#parts.audit.append(eventOf(record))))
      return plan
    })
  }

  findWorkspace(slug: string): WorkspaceRecord | undefined {
    return this.#store.workspaceBySlug(slug)
  }

  findUser(email: string): UserRecord | undefined {
    return this.#store.userByEmail(normalEmail(email))
  }

  /** There is nothing in the directory yet. */
  isEmpty(): boolean {
    return this.#store.scan(undefined, 1).length === 0
  }

  get #store(): DirectoryStore {
    return this.#parts.directories.best()
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn('directory', work)
  }

  async #put<R extends UserRecord | WorkspaceRecord | MemberRecord>(
    record: R,
    others: readonly ProjectRoleRecord[] = [],
  ): Promise<R> {
    await this.#parts.authority.call('put', [record, ...others])
    await this.#parts.audit.append(eventOf(record))
    return record
  }
}

function missing(what: string, which: string): EnneadError {
  return new EnneadError('NOT_FOUND', `there is no ${what} ${JSON.stringify(which.slice(0, 80))}`)
}
