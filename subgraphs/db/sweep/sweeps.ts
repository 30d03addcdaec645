import type { Clock } from '../../../kernel/clock.ts'
import { unreachable } from '../../../kernel/errors.ts'
import type { AgentHealth } from '../../../kernel/health.ts'
import type { Log } from '../../../kernel/log.ts'
import type { OpenStore } from '../doctor/examined-store.ts'
import type { EngineSlot } from '../engine-slot.ts'
import { LeaseHolder } from '../leadership/lease-holder.ts'
import type { LeaseBook } from '../leadership/lease.ts'
import { sweepReceipts } from '../receipt-sweep.ts'
import { PageSweep, type PageSweepLimits } from './page-sweep.ts'
import { lineOf, sweepLease, type SweepProgress } from './sweep-progress.ts'

export interface SweepsParts {
  readonly slots: readonly EngineSlot[]
  /** Names this life of this process. */
  readonly holder: string
  readonly clock: Clock
  readonly log: Log
  readonly limits: PageSweepLimits & { readonly sweepMs: number; readonly leaseMs: number }
}

/** What the sweeps of this process are doing. */
export interface SweepReading {
  /** Undefined: another process has the lease, or nobody can be asked for it. */
  readonly term: number | undefined
  readonly progress: SweepProgress | undefined
}

/**
 * What goes through all the stores again and again: receipts past their time are forgotten, and pages compared. One process at a time does
 * it, under a lease that PostgreSQL keeps. While that is away nobody does, which delays it. Without a PostgreSQL each process forgets
 * receipts, which does no harm, and nobody compares pages.
 */
export class Sweeps {
  readonly #pages: PageSweep
  readonly #lease: LeaseHolder | undefined
  readonly #closing = new AbortController()
  readonly #receipts: Promise<void> | undefined

  constructor({ slots, holder, clock, log, limits }: SweepsParts) {
    const stores = (): readonly OpenStore[] =>
      slots.flatMap(({ name, phase }) =>
        phase.is === 'open' && phase.admitted ? [{ name, engine: phase.engine }] : [],
      )
    const pages = new PageSweep({ stores, clock, log, limits })
    this.#pages = pages
    const receipts = { slots, clock, log, sweepMs: limits.sweepMs }
    if (slots.every(({ name }) => name !== leaseKeeper)) {
      this.#receipts = sweepReceipts(receipts, this.#closing.signal)
      return
    }
    this.#lease = new LeaseHolder({
      name: sweepLease,
      holder,
      leases: () => leasesIn(slots),
      work: async tenure => {
        await Promise.all([sweepReceipts(receipts, tenure.signal), pages.run(tenure)])
      },
      clock,
      log,
      leaseMs: limits.leaseMs,
    })
  }

  get reading(): SweepReading {
    const standing = this.#lease?.standing
    return {
      term: standing?.is === 'holding' ? standing.term : undefined,
      progress: this.#pages.progress,
    }
  }

  /** As beside the agents of the domain; sweeps that wait make it no less ready. */
  get health(): AgentHealth {
    const name = 'sweep'
    const standing = this.#lease?.standing
    if (standing === undefined) {
      const detail = 'compares no stores: it needs PostgreSQL, which is switched off; ennead doctor does it'
      return { name, state: 'absent', detail }
    }
    switch (standing.is) {
      case 'waiting':
        return { name, state: 'failing', detail: `waits: ${standing.why}` }
      case 'standing by':
        return { name, state: 'ok', detail: `another process sweeps (${standing.holder})` }
      case 'holding': {
        const { progress } = this.#pages
        const line = progress === undefined ? 'begins' : lineOf(progress)
        return { name, state: 'ok', detail: `term ${standing.term}: ${line}` }
      }
      default:
        return unreachable(standing)
    }
  }

  /** Ends after the page that is being looked at. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#receipts, this.#lease?.close()])
  }
}

/** The store that keeps leases. */
const leaseKeeper = 'sql'

function leasesIn(slots: readonly EngineSlot[]): LeaseBook | undefined {
  const phase = slots.find(({ name }) => name === leaseKeeper)?.phase
  return phase?.is === 'open' ? phase.engine.leases : undefined
}
