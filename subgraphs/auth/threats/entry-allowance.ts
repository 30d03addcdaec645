import type { Clock } from '../../../kernel/clock.ts'

/** Entries of one workspace, and of none, in a minute. */
const workspaceMax = 20
/** Entries of all in a minute. */
const allMax = 200
const minuteMs = 60_000

/**
 * How many entries may be written in a minute: an attack must not fill the disk with entries about itself, and one that is made on one
 * workspace must not hide another.
 */
export class EntryAllowance {
  readonly #clock: Clock
  #from = Number.NEGATIVE_INFINITY
  #taken = new Map<string, number>()
  #all = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** False: there were too many. */
  take(workspaceId = ''): boolean {
    const now = this.#clock.now()
    if (now - this.#from >= minuteMs) {
      this.#from = now
      this.#taken = new Map()
      this.#all = 0
    }
    const taken = this.#taken.get(workspaceId) ?? 0
    if (taken >= workspaceMax || this.#all >= allMax) return false
    this.#taken.set(workspaceId, taken + 1)
    this.#all += 1
    return true
  }
}
