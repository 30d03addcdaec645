import type { Clock, Timer } from '../kernel/clock.ts'

/** Something that ends at a time. In at most one list at once. */
export abstract class Deadline {
  deadline = 0
  listed = false
  earlier: Deadline | undefined = undefined
  later: Deadline | undefined = undefined

  /** Called once, after it has left the list, when the deadline has passed. Must not throw. */
  abstract expire(now: number): void
}

/** Timers fire on whole milliseconds; what is due within this is due now. */
const earlyMs = 0.5

/**
 * Deadlines in order behind one armed timer, because a timer for each attempt costs more than the attempt. Adding at
 * the end and removing are O(1): use one list for deadlines of about the same length.
 *
 * When the timer fires much too late, the event loop stood still, and answers that came in time wait unread. The list
 * then lets them be read before it judges.
 */
export class DeadlineList {
  readonly #clock: Clock
  readonly #stallMs: number
  readonly #stalled: (lateMs: number) => void
  readonly #fire = (): void => this.#sweep(false)
  #first: Deadline | undefined
  #last: Deadline | undefined
  #timer: Timer | undefined
  /** When the timer fires; -Infinity while sweeping, Infinity without one. */
  #armedFor = Infinity

  constructor(clock: Clock, stallMs: number, stalled: (lateMs: number) => void) {
    this.#clock = clock
    this.#stallMs = stallMs
    this.#stalled = stalled
  }

  get first(): Deadline | undefined {
    return this.#first
  }

  get length(): number {
    let count = 0
    for (let item = this.#first; item !== undefined; item = item.later) count++
    return count
  }

  add(item: Deadline, deadline: number): void {
    item.deadline = deadline
    item.listed = true
    let before = this.#last
    while (before !== undefined && before.deadline > deadline) before = before.earlier
    const after = before === undefined ? this.#first : before.later
    item.earlier = before
    item.later = after
    if (before === undefined) this.#first = item
    else before.later = item
    if (after === undefined) this.#last = item
    else after.earlier = item
    if (deadline < this.#armedFor) this.#arm(deadline)
  }

  /** Does nothing when it is not in the list. The timer stays: arming it anew for each call would cost more than one idle firing. */
  remove(item: Deadline): void {
    if (!item.listed) return
    item.listed = false
    const { earlier, later } = item
    if (earlier === undefined) this.#first = later
    else earlier.later = later
    if (later === undefined) this.#last = earlier
    else later.earlier = earlier
    item.earlier = undefined
    item.later = undefined
  }

  /** Lets go of the timer; nothing expires any more. */
  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#armedFor = -Infinity
  }

  #arm(deadline: number): void {
    this.#timer?.cancel()
    this.#armedFor = deadline
    this.#timer = this.#clock.after(Math.max(0, deadline - this.#clock.now()), this.#fire)
  }

  #sweep(graced: boolean): void {
    const now = this.#clock.now()
    const lateMs = now - this.#armedFor
    if (!graced && lateMs > this.#stallMs) {
      this.#armedFor = -Infinity
      this.#timer = this.#clock.soon(() => this.#sweep(true))
      this.#stalled(lateMs)
      return
    }
    this.#timer = undefined
    this.#armedFor = -Infinity
    for (let item = this.#first; item !== undefined && item.deadline <= now + earlyMs; item = this.#first) {
      this.remove(item)
      item.expire(now)
    }
    this.#armedFor = Infinity
    if (this.#first !== undefined) this.#arm(this.#first.deadline)
  }
}
