import type { DispatchEvent } from '../events.ts'

/** Calls of one operation of one domain. */
export interface CallTally {
  readonly calls: number
  readonly good: number
  readonly attempts: number
}

/** What a disturbed process did. */
export interface Tally {
  /** Calls of the requests that are counted, by `domain.operation`. */
  readonly calls: Readonly<Record<string, CallTally>>
  /** Faults by `domain.operation` and kind. */
  readonly faults: Readonly<Record<string, Readonly<Record<string, number>>>>
  /** Times a breaker opened, by what it spares: `db.sql` (an agent) or `db/read` (an operation in the whole domain). */
  readonly opened: Readonly<Record<string, number>>
  /** Calls refused by a full or resting domain, of all requests. */
  readonly shed: number
  /** Times the event loop was seen to have stood still. */
  readonly stalls: number
}

/** Counts dispatch events. */
export class Tallies {
  readonly #counted: (requestId: string | undefined) => boolean
  #calls = new Map<string, { calls: number; good: number; attempts: number }>()
  #opened = new Map<string, number>()
  #shed = 0
  #stalls = 0

  constructor(counted: (requestId: string | undefined) => boolean) {
    this.#counted = counted
  }

  add(event: DispatchEvent): void {
    if (event.is === 'callEnded') {
      if (!this.#counted(event.requestId)) return
      const name = `${event.domain}.${event.operation}`
      const tally = this.#calls.get(name) ?? { calls: 0, good: 0, attempts: 0 }
      tally.calls++
      tally.attempts += event.attempts
      if (event.outcome === 'ok') tally.good++
      this.#calls.set(name, tally)
    } else if (event.is === 'opened') {
      const name = `${event.domain}${event.of.is === 'agent' ? '.' : '/'}${event.of.name}`
      this.#opened.set(name, (this.#opened.get(name) ?? 0) + 1)
    } else if (event.is === 'shed') this.#shed++
    else if (event.is === 'stalled') this.#stalls++
  }

  /** What was counted, and begins anew. */
  take(faults: Tally['faults']): Tally {
    const tally: Tally = {
      calls: Object.fromEntries(this.#calls),
      faults,
      opened: Object.fromEntries(this.#opened),
      shed: this.#shed,
      stalls: this.#stalls,
    }
    this.#calls = new Map()
    this.#opened = new Map()
    this.#shed = 0
    this.#stalls = 0
    return tally
  }
}
