import type { Clock, Timer } from '../kernel/clock.ts'

/** Something that ends at a time. In at most one list at once. */
export abstract class Deadline {
  deadline = 0
  listed = false
  /** Has had its time given back after a stall. */
  putOff = false
  earlier: Deadline | undefined = undefined
  later: Deadline | undefined = undefined

  /** Called once, after it has left the list, when the deadline has passed. Must not throw. */
  abstract expire(now: number): void
}

/** When a process counts as having stood still, and what it gives back then. Milliseconds. */
export interface StallLimits {
  readonly stallMs: number
  readonly stallGraceMs: number
}

/** Timers fire on whole milliseconds; what is due within this is due now. */
const earlyMs = 0.5

/**
 * Deadlines in order behind one armed timer, because a timer for each attempt costs more than the attempt. Adding at
 * the end and removing are O(1): use one list for deadlines of about the same length.
 *
 * When the timer fires much too late, the event loop stood still: answers that came in time wait unread, and what is
 * half done in this very process could not go on. The list then lets waiting answers be read, and puts what is due off
 * once, by as long as the loop stood still.
 */
export class DeadlineList {
  readonly #clock: Clock
  readonly #limits: StallLimits
  readonly #stalled: (lateMs: number) => void
  readonly #fire = (): void => this.#wake()
  #first: Deadline | undefined
  #last: Deadline | undefined
  #timer: Timer | undefined
  /** When the timer fires; -Infinity while sweeping, Infinity without one. */
  #armedFor = Infinity

  /** @param stalled Is told how late the timer was, whenever that was more than `stallMs`. */
  constructor(clock: Clock, limits: StallLimits, stalled: (lateMs: number) => void) {
    this.#clock = clock
    this.#limits = limits
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
    item.putOff = false
    this.#insert(item, deadline)
  }

  #insert(item: Deadline, deadline: number): void {
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

  #wake(): void {
    const lateMs = this.#clock.now() - this.#armedFor
    if (lateMs <= this.#limits.stallMs) {
      this.#sweep(0)
      return
    }
    this.#armedFor = -Infinity
    this.#timer = this.#clock.soon(() => this.#sweep(Math.min(lateMs, this.#limits.stallGraceMs)))
    this.#stalled(lateMs)
  }

  /** @param graceMs What is due and was not put off before gets this much more. */
  #sweep(graceMs: number): void {
    const now = this.#clock.now()
    this.#timer = undefined
    this.#armedFor = -Infinity
    for (let item = this.#first; item !== undefined && item.deadline <= now + earlyMs; item = this.#first) {
      this.remove(item)
      if (graceMs > earlyMs && !item.putOff) {
        item.putOff = true
        this.#insert(item, now + graceMs)
      } else item.expire(now)
    }
    this.#armedFor = Infinity
    if (this.#first !== undefined) this.#arm(this.#first.deadline)
  }
}
