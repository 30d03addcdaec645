import type { Dispatcher } from '../../../dispatch/port.ts'
import type { Clock, Timer } from '../../../kernel/clock.ts'
import type { Log } from '../../../kernel/log.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { ApiKeyRecord, Authority } from '../authority.ts'

export interface KeyUseParts {
  readonly authority: Dispatcher<Authority>
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  readonly log: Log
}

/** `lastUsedAt` is written this often at most, so that it is right to this much. */
const writeEveryMs = 60_000
/** The audit log has one entry of a key that is in use for each of these. */
const auditEveryMs = 3_600_000
/** Keys in use at once that are remembered; those beyond are not noted until the next write. */
const keysMax = 10_000

interface Use {
  readonly lastMs: number
  /** Since the last entry of the audit log. */
  readonly lookups: number
  readonly auditedMs: number
  readonly written: boolean
}

/**
 * When API keys were last used, coarsely: noting one costs a place in a map; what was noted is written once a minute, and told to
 * the audit log once an hour. What was not written when the process dies is lost.
 */
export class KeyUse {
  readonly #parts: KeyUseParts
  readonly #uses = new Map<string, Use>()
  #timer: Timer | undefined
  #writing: Promise<void> = Promise.resolve()
  #closed = false

  constructor(parts: KeyUseParts) {
    this.#parts = parts
  }

  /** The key was looked up and taken. */
  note(keyId: string): void {
    if (this.#closed) return
    const before = this.#uses.get(keyId)
    if (before === undefined && this.#uses.size >= keysMax) return
    const lastMs = this.#parts.clock.wall()
    const { lookups = 0, auditedMs = Number.NEGATIVE_INFINITY } = before ?? {}
    this.#uses.set(keyId, { lastMs, lookups: lookups + 1, auditedMs, written: false })
    this.#timer ??= this.#parts.clock.after(writeEveryMs, () => void this.write())
  }

  /** Writes what was noted. Never rejects: what could not be written is tried again with the next use. */
  write(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#writing = this.#writing
      .then(() => this.#write())
      .catch((failure: unknown) => this.#parts.log.warn('auth.key-use.failed', { failure }))
    return this.#writing
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    this.#closed = true
    await this.write()
  }

  async #write(): Promise<void> {
    for (const [keyId, use] of this.#uses) if (!use.written) await this.#writeOne(keyId, use)
    const before = this.#parts.clock.wall() - auditEveryMs
    for (const [keyId, { lastMs }] of this.#uses) if (lastMs < before) this.#uses.delete(keyId)
  }

  async #writeOne(keyId: string, { lastMs, auditedMs }: Use): Promise<void> {
    const { authority, audit, clock } = this.#parts
    const key = await authority.call('apiKey', keyId)
    if (key === undefined) return
    const lastUsedAt = new Date(lastMs).toISOString()
    // Not a new version: only this field is merged, so a revocation meanwhile is not undone.
    await authority.call('put', [{ ...key, lastUsedAt } satisfies ApiKeyRecord])
    // Uses that came meanwhile are told with the next write.
    const now = this.#uses.get(keyId)
    if (now === undefined) return
    const due = this.#closed || clock.wall() - auditedMs >= auditEveryMs
    const told = due ? { lookups: 0, auditedMs: clock.wall() } : {}
    this.#uses.set(keyId, { ...now, ...told, written: now.lastMs === lastMs })
    if (!due) return
    const { userId, workspaceId } = key
    await audit.append({ kind: 'KEY_USED', keyId, userId, workspaceId, lookups: now.lookups, lastUsedAt })
  }
}
