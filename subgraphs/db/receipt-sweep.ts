import { type Clock, sleep } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { EngineSlot } from './engine-slot.ts'

export interface ReceiptSweepParts {
  readonly slots: readonly EngineSlot[]
  readonly primary: EngineSlot
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
 * One sweep. The copies come first, and the primary only when all that take part have forgotten: a copy must never hold
 * a receipt whose key the primary has given away again. Those that join later forget before they absorb.
 */
export async function sweepOnce(parts: Omit<ReceiptSweepParts, 'sweepMs'>): Promise<void> {
  const { slots, primary, clock, log } = parts
  const now = new Date(clock.wall()).toISOString()
  try {
    const copies = slots.filter(slot => slot !== primary && slot.admitted)
    await Promise.all(copies.map(slot => slot.direct('forget', now, forgetMs)))
    if (primary.current) await primary.direct('forget', now, forgetMs)
  } catch (failure) {
    log.warn('db.receipts.sweep_failed', { error: failure })
  }
}
