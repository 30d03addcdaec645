import type { Clock, Timer } from '../../kernel/clock.ts'

/** Into how many turns a round is divided. */
const slotsMax = 30

/**
 * Does something with every member once in a round, spread evenly over it: thousands of sockets are never asked in one
 * turn of the event loop.
 */
export class Wheel<Member> {
  readonly #clock: Clock
  readonly #turn: (member: Member) => void
  readonly #slots: readonly Set<Member>[]
  readonly #slotOf = new Map<Member, Set<Member>>()
  readonly #pauseMs: number
  #timer: Timer
  #at = 0
  #next = 0

  /** @param roundMs Milliseconds. */
  constructor(clock: Clock, roundMs: number, turn: (member: Member) => void) {
    this.#clock = clock
    this.#turn = turn
    const slots = Math.min(slotsMax, Math.ceil(roundMs))
    this.#slots = Array.from({ length: slots }, () => new Set())
    this.#pauseMs = roundMs / slots
    this.#timer = this.#wait()
  }

  add(member: Member): void {
    const slot = this.#slots[this.#next]
    this.#next = (this.#next + 1) % this.#slots.length
    if (slot === undefined) return
    slot.add(member)
    this.#slotOf.set(member, slot)
  }

  delete(member: Member): void {
    this.#slotOf.get(member)?.delete(member)
    this.#slotOf.delete(member)
  }

  stop(): void {
    this.#timer.cancel()
  }

  #wait(): Timer {
    return this.#clock.after(this.#pauseMs, () => {
      const slot = this.#slots[this.#at]
      this.#at = (this.#at + 1) % this.#slots.length
      this.#timer = this.#wait()
      for (const member of slot ?? []) this.#turn(member)
    })
  }
}
