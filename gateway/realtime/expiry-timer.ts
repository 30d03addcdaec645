import type { Clock, Timer } from '../../kernel/clock.ts'
import type { ClientPrincipal } from '../../kernel/principal.ts'

/** setTimeout's longest time, milliseconds. */
const timerMaxMs = 2 ** 31 - 1

/** Calls `expired` when a principal must not be trusted any more, also when the wall clock jumps meanwhile. */
export class ExpiryTimer {
  readonly #clock: Clock
  readonly #expired: () => void
  #timer: Timer | undefined

  /** Nobody never expires. Whoever has expired already is told in the next turn. */
  constructor(principal: ClientPrincipal | undefined, clock: Clock, expired: () => void) {
    this.#clock = clock
    this.#expired = expired
    if (principal !== undefined) this.#wait(principal)
  }

  cancel(): void {
    this.#timer?.cancel()
  }

  #wait(principal: ClientPrincipal): void {
    const leftMs = principal.expiresAt * 1000 - this.#clock.wall()
    this.#timer = this.#clock.after(Math.min(Math.max(0, leftMs), timerMaxMs), () => {
      if (principal.expiresAt * 1000 > this.#clock.wall()) this.#wait(principal)
      else this.#expired()
    })
  }
}
