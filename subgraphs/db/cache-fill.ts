import type { Log } from '../../kernel/log.ts'
import { addressOf } from './commit-batch.ts'
import type { EngineSlot } from './engine-slot.ts'
import type { RecordKey, StoreEngine } from './task-store.ts'

export interface CacheFillParts {
  readonly slots: readonly EngineSlot[]
  readonly log: Log
}

/** Keys that may wait to be brought; further ones are left for the next time they are asked for. */
const waitingMax = 1_000
/** Keys brought at once. */
const batchMax = 100
/** Time a store has to give records, and the other one to take them. Milliseconds. */
const stepMs = 1_000

/**
 * Brings a store that keeps only some records those it was asked for in vain, from one that has all. Each key once at a
 * time, however many ask for it; one batch after the other, so that a store which is empty is not the ruin of those that
 * are not. Nobody waits for it: who asked is answered by another store meanwhile.
 */
export class CacheFill {
  readonly #parts: CacheFillParts
  readonly #waiting = new Map<EngineSlot, Map<string, RecordKey>>()
  /** On their way at this moment. */
  #bringing: ReadonlySet<string> = new Set()
  #running: Promise<void> | undefined
  #closed = false

  constructor(parts: CacheFillParts) {
    this.#parts = parts
    for (const slot of parts.slots) slot.onMiss = keys => this.#missed(slot, keys)
  }

  /** Ends after the batch that is on its way. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  #missed(slot: EngineSlot, keys: readonly RecordKey[]): void {
    if (this.#closed) return
    const waiting = this.#waiting.get(slot) ?? new Map<string, RecordKey>()
    this.#waiting.set(slot, waiting)
    for (const key of keys) {
      const address = addressOf(key)
      // A new idempotency key has no receipt anywhere.
      if (key.kind === 'receipt' || waiting.size >= waitingMax || this.#bringing.has(address)) continue
      waiting.set(address, key)
    }
    if (waiting.size === 0) return
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
  }

  async #run(): Promise<void> {
    // Those that miss the same in this turn come along.
    await Promise.resolve()
    for (let some = this.#take(); some !== undefined && !this.#closed; some = this.#take()) {
      const { slot, keys } = some
      this.#bringing = new Set(keys.map(addressOf))
      await this.#bring(slot, keys).catch((failure: unknown) => {
        this.#parts.log.debug('db.cache.not_filled', { engine: slot.name, error: failure })
      })
      this.#bringing = new Set()
    }
  }

  #take(): { readonly slot: EngineSlot; readonly keys: readonly RecordKey[] } | undefined {
    for (const [slot, waiting] of this.#waiting) {
      const addresses = [...waiting.keys()].slice(0, batchMax)
      if (addresses.length === 0) continue
      const keys = addresses.flatMap(address => waiting.get(address) ?? [])
      for (const address of addresses) waiting.delete(address)
      return { slot, keys }
    }
    return undefined
  }

  async #bring(slot: EngineSlot, keys: readonly RecordKey[]): Promise<void> {
    const whole = this.#parts.slots.find(
      other => other !== slot && other.current && fillOf(other) === undefined,
    )
    if (whole === undefined) return
    // Before it is asked: it holds at least everything up to here when it answers.
    const { seq } = whole
    const records = await whole.direct('read', keys, stepMs)
    const found = records.filter(record => record !== undefined)
    await fillOf(slot)?.(found, seq, AbortSignal.timeout(stepMs))
  }
}

/** How an open store takes records; undefined: it has all of them. */
function fillOf({ phase }: EngineSlot): StoreEngine['fill'] {
  return phase.is === 'open' ? phase.engine.fill : undefined
}
