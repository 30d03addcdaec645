import { leaseLost } from '../../subgraphs/db/leadership/lease-lost.ts'
import type { Fence, LeaseBook } from '../../subgraphs/db/leadership/lease.ts'

interface Row {
  readonly holder: string
  readonly term: number
  readonly lengthMs: number
  readonly expiresAt: number
  readonly note: string | undefined
}

/** Leases in memory, by a clock of their own: what PostgreSQL does with its table. */
export class MemoryLeases implements LeaseBook {
  readonly #rows = new Map<string, Row>()
  readonly #now: () => number

  /** `now`: milliseconds; may jump. */
  constructor(now: () => number) {
    this.#now = now
  }

  acquire: LeaseBook['acquire'] = async ({ name, holder, lengthMs }, signal) => {
    signal.throwIfAborted()
    const now = this.#now()
    const row = this.#rows.get(name)
    if (row !== undefined && row.holder !== holder) {
      const remainingMs = row.expiresAt - now
      if (remainingMs > 0 && remainingMs <= row.lengthMs) {
        return { is: 'taken', holder: row.holder, remainingMs }
      }
    }
    const term = row === undefined ? Math.max(1, Math.floor(now)) : row.term + 1
    this.#rows.set(name, { holder, term, lengthMs, expiresAt: now + lengthMs, note: row?.note })
    return { is: 'held', term, note: row?.note }
  }

  renew: LeaseBook['renew'] = async ({ name, term }, lengthMs, note, signal) => {
    signal.throwIfAborted()
    const row = this.#rows.get(name)
    if (row?.term !== term) return false
    this.#rows.set(name, { ...row, lengthMs, expiresAt: this.#now() + lengthMs, note: note ?? row.note })
    return true
  }

  release: LeaseBook['release'] = async ({ name, term }, note, signal) => {
    signal.throwIfAborted()
    const row = this.#rows.get(name)
    if (row?.term === term) this.#rows.set(name, { ...row, expiresAt: this.#now(), note: note ?? row.note })
  }

  look: LeaseBook['look'] = async (name, signal) => {
    signal.throwIfAborted()
    const row = this.#rows.get(name)
    if (row === undefined) return undefined
    const { term, holder, note } = row
    return { name, term, holder, note, expired: row.expiresAt <= this.#now() }
  }

  /** Work that is kept beside the leases, under the same lock. Throws LEASE_LOST when its term is over. */
  require(fence: Fence): void {
    if (this.#rows.get(fence.name)?.term !== fence.term) throw leaseLost('memory', fence)
  }
}
