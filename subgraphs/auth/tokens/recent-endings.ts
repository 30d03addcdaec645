import type { Clock } from '../../../kernel/clock.ts'
import type { Role } from '../../../kernel/principal.ts'
import type { DirectoryRecord } from '../authority.ts'
import { memberIdOf } from '../directory/directory-store.ts'

export interface RecentEndingsOptions {
  readonly clock: Clock
  /** How long a token can outlive what it says, milliseconds. */
  readonly lifeMs: number
  /** Sessions, and members, remembered. Default 100,000 each. */
  readonly entriesMax?: number
}

const entriesMaxDefault = 100_000

/** What a token says that is no longer so. */
export type Ending = 'sessionEnded' | 'memberLeft' | 'roleChanged'

interface Noted<What> {
  readonly what: What
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What a token says. */
export interface TokenWords {
  readonly sessionId: string
  readonly workspaceId: string
  readonly userId: string
  readonly role: Role
  /** Seconds since 1970. */
  readonly issuedAt: number
}

/** A token is made at most so long after its rights were looked up: what sign-in has to write comes in between. Seconds. */
export const makingMax = 10

/**
 * What this process has ended lately, in memory: what a signed token cannot know, told without asking a store. It knows nothing of
 * the time before the process began, and forgets the oldest beyond its limit.
 */
export class RecentEndings {
  readonly #clock: Clock
  readonly #lifeMs: number
  readonly #entriesMax: number
  readonly #sessions = new Map<string, Noted<undefined>>()
  /** With the role that they have now; null: they have left. */
  readonly #members = new Map<string, Noted<Role | null>>()

  /** Members whose roles in projects have changed. */
  readonly #projectRoles = new Map<string, Noted<undefined>>()

  constructor({ clock, lifeMs, entriesMax = entriesMaxDefault }: RecentEndingsOptions) {
    this.#clock = clock
    this.#lifeMs = lifeMs
    this.#entriesMax = entriesMax
  }

  /** To be told of all records as they are stored. */
  stored(records: readonly DirectoryRecord[]): void {
    for (const record of records) {
      if (record.kind === 'session' && record.revokedAt !== null)
        this.#note(this.#sessions, record.id, undefined)
      if (record.kind === 'member')
        this.#note(this.#members, record.id, record.leftAt === null ? record.role : null)
      if (record.kind === 'projectRole')
        this.#note(this.#projectRoles, memberIdOf(record.workspaceId, record.actorId), undefined)
    }
  }

  of({ sessionId, workspaceId, userId, role, issuedAt }: TokenWords): Ending | undefined {
    if (this.#sessions.has(sessionId)) return 'sessionEnded'
    const memberId = memberIdOf(workspaceId, userId)
    const member = this.#members.get(memberId)
    if (member !== undefined && member.what !== role)
      return member.what === null ? 'memberLeft' : 'roleChanged'
    const projects = this.#projectRoles.get(memberId)
    return projects !== undefined && projects.at >= (issuedAt - makingMax) * 1_000 ? 'roleChanged' : undefined
  }

  #note<What>(endings: Map<string, Noted<What>>, id: string, what: What): void {
    const now = this.#clock.wall()
    endings.delete(id)
    endings.set(id, { what, at: now })
    for (const [oldest, { at }] of endings) {
      if (endings.size <= this.#entriesMax && at + this.#lifeMs >= now) break
      endings.delete(oldest)
    }
  }
}

/** One function that tells both. */
export function storedTo(
  first: { stored(records: readonly DirectoryRecord[]): void },
  second: { stored(records: readonly DirectoryRecord[]): void } | undefined,
): (records: readonly DirectoryRecord[]) => void {
  return records => {
    first.stored(records)
    second?.stored(records)
  }
}
