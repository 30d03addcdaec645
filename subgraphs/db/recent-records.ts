import type { StoredRecord } from './record.ts'
import type { RecordKey } from './task-store.ts'

/** Records remembered. More than ever wait for their commit (writer.ts bounds those). */
const recordsMax = 5_000

interface Recent {
  readonly record: StoredRecord
  /** Settles with the commit; undefined once it is committed. */
  pending: Promise<unknown> | undefined
}

/**
 * What this process has written last, or is about to write: commands that follow each other closely are computed from it,
 * so that they line up in one batch instead of one after another running into conflicts. Speculation may only lead to
 * commits, which the store checks, never to an answer: what is told to a client has been committed.
 */
export class RecentRecords {
  readonly #records = new Map<string, Recent>()

  /** The newer one of what a store answered and what is known here, and what must be committed for it to be true. */
  newest(
    key: RecordKey,
    stored: StoredRecord | undefined,
  ): { readonly record: StoredRecord | undefined; readonly pending: Promise<unknown> | undefined } {
    const recent = this.#records.get(addressOf(key))
    if (recent === undefined || recent.record.version <= (stored?.version ?? 0)) {
      return { record: stored, pending: undefined }
    }
    return recent
  }

  /** Notes records on their way; `outcome` answers whether they were committed, and must not reject. */
  note(puts: readonly StoredRecord[], outcome: Promise<boolean>): void {
    const noted = puts.map(record => {
      const recent: Recent = { record, pending: outcome }
      this.#records.delete(addressOf(record))
      this.#records.set(addressOf(record), recent)
      return recent
    })
    this.#keepBound()
    void outcome.then(committed => {
      for (const recent of noted) {
        recent.pending = undefined
        const address = addressOf(recent.record)
        if (!committed && this.#records.get(address) === recent) this.#records.delete(address)
      }
    })
  }

  /** A store has other versions of these than was thought. */
  forget(keys: readonly RecordKey[]): void {
    for (const key of keys) {
      if (this.#records.get(addressOf(key))?.pending === undefined) this.#records.delete(addressOf(key))
    }
  }

  #keepBound(): void {
    for (const [address, { pending }] of this.#records) {
      if (this.#records.size <= recordsMax) return
      if (pending === undefined) this.#records.delete(address)
    }
  }
}

function addressOf({ kind, id }: RecordKey): string {
  return `${kind} ${id}`
}
