import { type Clock, sleep } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { compareLogPage } from '../doctor/compare-logs.ts'
import { comparePage, type Doubt } from '../doctor/compare-records.ts'
import { diagnose, type Diagnosis, truthsOf } from '../doctor/diagnose.ts'
import { ExaminedStore, type OpenStore } from '../doctor/examined-store.ts'
import { mend } from '../doctor/mend.ts'
import { settle } from '../doctor/settle.ts'
import { engineNames } from '../engine-slot.ts'
import type { Tenure } from '../leadership/lease-holder.ts'
import {
  beginning,
  noCounts,
  noteOf,
  progressIn,
  type SweepCounts,
  sweepLease,
  type SweepPlace,
  type SweepProgress,
} from './sweep-progress.ts'

export interface PageSweepLimits {
  /** The least rest between two pages. Milliseconds. */
  readonly pageRestMs: number
  /** Rest between two passes through everything. Milliseconds. */
  readonly passRestMs: number
  /** The greatest part of the time that is spent on pages; the rest of it is rest. Percent. */
  readonly sweepPercentMax: number
}

export interface PageSweepParts {
  /** Those that take part now. */
  readonly stores: () => readonly OpenStore[]
  readonly clock: Clock
  readonly log: Log
  readonly limits: PageSweepLimits
}

/** Records or entries in a page. */
const pageMax = 100
/** Before the first pass of all, and after a page that failed. Milliseconds. */
const firstRestMs = 60_000
const failedRestMs = 10_000

/**
 * Compares the stores all the time, slowly, by the same rules as `ennead doctor`: the logs first, then what lies in each store, page by page
 * in the store's order. Where the logs are one, it writes what the log says into a store that has lost or garbled it. It
 * takes nothing out and leaves receipts alone: that is for `ennead doctor --repair`.
 */
export class PageSweep {
  readonly #parts: PageSweepParts
  #progress: SweepProgress | undefined

  constructor(parts: PageSweepParts) {
    this.#parts = parts
  }

  /** As this process last knew it; undefined: it has never swept. */
  get progress(): SweepProgress | undefined {
    return this.#progress
  }

  /** Goes on from where the last holder stopped. Ends with the tenure; rejects with LEASE_LOST when its work was refused. */
  async run({ term, note, signal, keep }: Tenure): Promise<void> {
    const { clock, log, limits } = this.#parts
    const { passRestMs, pageRestMs, sweepPercentMax } = limits
    this.#progress = progressIn(note) ?? beginning(clock.wall(), Math.min(firstRestMs, passRestMs))
    while (!signal.aborted) {
      const from = clock.now()
      let restMs: number
      try {
        this.#progress = await this.#step(this.#progress, term)
        keep(noteOf(this.#progress))
        restMs = Math.max(pageRestMs, (clock.now() - from) * (100 / sweepPercentMax - 1))
        if (this.#progress.place.is === 'resting')
          restMs = Math.min(passRestMs, leftOf(this.#progress.place, clock))
      } catch (failure) {
        if (failure instanceof EnneadError && failure.code === 'LEASE_LOST') throw failure
        log.warn('db.sweep.failed', { term, error: failure })
        restMs = Math.max(pageRestMs, Math.min(failedRestMs, passRestMs))
      }
      await sleep(clock, Math.max(1, restMs), signal).catch(() => undefined)
    }
  }

  async #step(progress: SweepProgress, term: number): Promise<SweepProgress> {
    const { place } = progress
    const { clock, log } = this.#parts
    const now = new Date(clock.wall()).toISOString()
    if (place.is === 'resting') {
      if (leftOf(place, clock) > 0 && leftOf(place, clock) <= this.#parts.limits.passRestMs) return progress
      log.info('db.sweep.pass_begins', { pass: progress.passes + 1, term })
      return {
        ...progress,
        place: { is: 'logs', afterSeq: 0 },
        startedAt: now,
        sound: false,
        counts: noCounts,
      }
    }
    return place.is === 'logs' ? this.#logs(progress, place.afterSeq) : this.#records(progress, place, term)
  }

  async #logs(progress: SweepProgress, afterSeq: number): Promise<SweepProgress> {
    const stores = this.#examined()
    const atHeads = await Promise.all(
      stores.map(async store => ({ store, head: await store.ask('head', undefined) })),
    )
    const { findings, next } = await compareLogPage(atHeads, afterSeq)
    for (const { store, says } of findings) this.#parts.log.error('db.sweep.found', { store, says })
    // From the first page to the last there must have been two to compare.
    const sound = (afterSeq === 0 || progress.sound) && stores.length > 1 && findings.length === 0
    const counted = counting(progress, { looked: 0, found: findings.length, repaired: 0 })
    if (next !== undefined && findings.length === 0) {
      return { ...counted, sound, place: { is: 'logs', afterSeq: next } }
    }
    return { ...counted, sound, place: this.#storeBehind(undefined) }
  }

  async #records(
    progress: SweepProgress,
    place: SweepPlace & { readonly is: 'records' },
    term: number,
  ): Promise<SweepProgress> {
    const { log } = this.#parts
    const stores = this.#examined()
    const store = stores.find(({ name }) => name === place.store)
    // One that is away is looked at in the next pass.
    if (store?.inspection === undefined) return this.#onwards(progress, place)
    const { inspection } = store
    const atHeads = await Promise.all(
      stores.map(async one => ({ store: one, head: await one.ask('head', undefined) })),
    )
    const page = await store.within(signal => inspection.look(place.after, pageMax, signal))
    const doubts = new Map<string, Doubt>()
    await comparePage(stores, store, page.found, doubts)
    const wrong: Diagnosis[] = []
    if (doubts.size > 0) {
      const settled = await settle([...doubts.values()], stores, this.#parts.clock)
      const truths = await truthsOf(settled, atHeads)
      const now = new Date(this.#parts.clock.wall()).toISOString()
      for (const doubt of settled) {
        // What another store holds wrongly is found again, and seen whole, when that one is walked through.
        const here = (one: Diagnosis): boolean =>
          one.store === store || doubt.held.get(one.store) === undefined
        wrong.push(...diagnose(doubt, truths, atHeads, now).filter(here))
      }
    }
    const curable = progress.sound ? wrong.filter(isSafe) : []
    await mend(curable, { name: sweepLease, term })
    for (const one of wrong) {
      const { finding } = one
      const repaired = curable.includes(one)
      log.warn('db.sweep.found', { store: finding.store, key: finding.key, says: finding.says, repaired })
    }
    const counted = counting(progress, {
      looked: page.found.filter(({ faults }) => faults.length === 0).length,
      found: wrong.length,
      repaired: curable.length,
    })
    if (page.next === undefined) return this.#onwards(counted, place)
    return { ...counted, place: { ...place, after: page.next } }
  }

  /** The store behind the one of the place, or the end of the pass. */
  #onwards(progress: SweepProgress, { store }: SweepPlace & { readonly is: 'records' }): SweepProgress {
    const place = this.#storeBehind(store)
    if (place.is !== 'resting') return { ...progress, place }
    const { counts, passes } = progress
    const endedAt = new Date(this.#parts.clock.wall()).toISOString()
    this.#parts.log.info('db.sweep.pass_ended', { pass: passes + 1, ...counts })
    return { ...progress, place, passes: passes + 1, last: { ...counts, endedAt } }
  }

  #storeBehind(name: string | undefined): SweepPlace {
    const { clock, limits } = this.#parts
    const open = new Set(this.#parts.stores().map(store => store.name))
    const following = engineNames.slice(engineNames.findIndex(one => one === name) + 1)
    const store = following.find(one => open.has(one))
    if (store !== undefined) return { is: 'records', store, after: '' }
    return { is: 'resting', until: new Date(clock.wall() + limits.passRestMs).toISOString() }
  }

  #examined(): readonly ExaminedStore[] {
    return this.#parts.stores().map(store => new ExaminedStore(store, this.#parts.clock))
  }
}

/** Whether nobody need be asked: the log says what to write, and it is not what is forgotten by itself. */
function isSafe({ cure, byLog, finding }: Diagnosis): boolean {
  return finding.repairable && byLog && cure.record !== undefined && cure.key.kind !== 'receipt'
}

function leftOf({ until }: SweepPlace & { readonly is: 'resting' }, clock: Clock): number {
  return Date.parse(until) - clock.wall()
}

function counting(progress: SweepProgress, more: SweepCounts): SweepProgress {
  return { ...progress, counts: sum(progress.counts, more), total: sum(progress.total, more) }
}

function sum(left: SweepCounts, right: SweepCounts): SweepCounts {
  return {
    looked: left.looked + right.looked,
    found: left.found + right.found,
    repaired: left.repaired + right.repaired,
  }
}
