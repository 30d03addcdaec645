import { type Clock, sleep } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { EngineSlot } from './engine-slot.ts'

export interface ReceiptSweepParts {
  readonly slots: readonly EngineSlot[]
  readonly clock: Clock
  readonly log: Log
  /** Between two sweeps. Milliseconds. */
  readonly sweepMs: number
}

/** Time a store has to forget. Milliseconds. */
const forgetMs = 10_000

/** Forgets receipts past their time, in all stores, until `signal` aborts. */
export async function sweepReceipts(parts: ReceiptSweepParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const ended = await sleep(parts.clock, parts.sweepMs, signal).then(
      () => false,
      () => true,
    )
    if (!ended) await sweepOnce(parts)
  }
}

/**
 * One sweep. While some stores have forgotten a receipt and others have not, a command with its key runs into a conflict
 * and is computed anew; a receipt with a later end replaces an old one whatever its version (`isNewer`). Stores that join
 * later forget before they take part.
 */
export async function sweepOnce({ slots, clock, log }: Omit<ReceiptSweepParts, 'sweepMs'>): Promise<void> {
  const now = new Date(clock.wall()).toISOString()
  const forget = async (slot: EngineSlot): Promise<void> => {
    try {
      await slot.direct('forget', now, forgetMs)
    } catch (failure) {
      log.warn('db.receipts.sweep_failed', { engine: slot.name, error: failure })
    }
  }
  await Promise.all(slots.filter(slot => slot.admitted).map(forget))
}
