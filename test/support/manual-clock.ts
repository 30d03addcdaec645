import type { Clock, Timer } from '../../kernel/clock.ts'

export interface ManualClock extends Clock {
  /** Lets time pass; timers run at the very instant they are due, in order. */
  advance(ms: number): void
  /** Like `advance`, and lets promises settle before, between and after the timers. */
  run(ms: number): Promise<void>
  /** Time passes while the event loop stands still: what became due runs late, all at the end. */
  stall(ms: number): Promise<void>
  /** Timers that wait. */
  readonly timers: number
}

interface Pending {
  readonly at: number
  readonly number: number
  readonly run: () => void
}

/** A clock that stands still until it is told to go on. Starts at `start` ms. */
export function manualClock(start = 1_000): ManualClock {
  const wallStart = Date.UTC(2026, 0, 1)
  let now = start
  let count = 0
  let pending: Pending[] = []

  const at = (when: number, run: () => void): Timer => {
    const entry = { at: when, number: count++, run }
    let index = pending.length
    // Timers of the same instant run in the order they were set.
    while (index > 0 && (pending[index - 1]?.at ?? 0) > when) index--
    pending.splice(index, 0, entry)
    return { cancel: () => void (pending = pending.filter(other => other !== entry)) }
  }
  const runNext = (until: number): boolean => {
    const next = pending[0]
    if (next === undefined || next.at > until) return false
    pending.shift()
    now = Math.max(now, next.at)
    next.run()
    return true
  }

  return {
    now: () => now,
    wall: () => wallStart + now,
    after: (ms, run) => at(now + Math.max(0, ms), run),
    soon: run => at(now, run),
    advance(ms) {
      const until = now + ms
      while (runNext(until)) continue
      now = until
    },
    async run(ms) {
      const until = now + ms
      await settled()
      while (runNext(until)) await settled()
      now = until
    },
    async stall(ms) {
      now += ms
      while (runNext(now)) await settled()
    },
    get timers() {
      return pending.length
    },
  }
}

/** Resolves when every promise that can settle without input or output has. */
export function settled(): Promise<void> {
  return new Promise(resolve => {
    setImmediate(resolve)
  })
}
