import type { Priority } from '../../dispatch/port.ts'
import type { Clock, Random } from '../../kernel/clock.ts'
import { EnneadError, unreachable } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'

/**
 * Why an operation was refused before any work: the mode does not let it pass · the line is full · its wait would be too
 * long · it gave its place in a full line to something more important.
 */
export type RefusalReason = 'mode' | 'full' | 'wait' | 'displaced'

/** Makes refusals, counts them, and logs their number now and then, because a line for each would be load as well. */
export class Refusals {
  readonly #retryAfterMs: number
  readonly #logEveryMs: number
  readonly #random: Random
  readonly #clock: Clock
  readonly #log: Log
  readonly #counts: Record<RefusalReason, number> = { mode: 0, full: 0, wait: 0, displaced: 0 }
  #unlogged = 0
  #loggedAt = -Infinity

  constructor(
    {
      retryAfterMs,
      refusalLogEveryMs,
    }: { readonly retryAfterMs: number; readonly refusalLogEveryMs: number },
    random: Random,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#retryAfterMs = retryAfterMs
    this.#logEveryMs = refusalLogEveryMs
    this.#random = random
    this.#clock = clock
    this.#log = log
  }

  get counts(): Readonly<Record<RefusalReason, number>> {
    return { ...this.#counts }
  }

  /** OVERLOADED with `retryAfterMs`: half to one and a half of the option, so that the refused do not return together. */
  make(reason: RefusalReason, priority: Priority): EnneadError {
    this.#counts[reason]++
    this.#note()
    const retryAfterMs = Math.ceil(this.#retryAfterMs * (0.5 + this.#random()))
    return new EnneadError('OVERLOADED', `${textOf(reason)}, try again in ${retryAfterMs} ms`, {
      facts: { retryAfterMs, reason, priority },
    })
  }

  #note(): void {
    this.#unlogged++
    const now = this.#clock.now()
    if (now - this.#loggedAt < this.#logEveryMs) return
    this.#log.warn('admission.refused', { refused: this.#unlogged, total: this.counts })
    this.#loggedAt = now
    this.#unlogged = 0
  }
}

function textOf(reason: RefusalReason): string {
  switch (reason) {
    case 'mode':
      return 'the gateway is under pressure and takes only what is more important'
    case 'full':
      return 'too many operations are waiting'
    case 'wait':
      return 'the wait would take too much of the time for this operation'
    case 'displaced':
      return 'too many operations are waiting and more important ones came'
    default:
      return unreachable(reason)
  }
}
