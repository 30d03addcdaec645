import type { Priority } from '../../dispatch/port.ts'

/** From what is served first to what is refused first. */
export const prioritiesInOrder = ['critical', 'default', 'sheddable'] as const satisfies readonly Priority[]

/** Someone in the line. */
export interface Waiting {
  readonly priority: Priority
}

/** One class of the line: first come, first served; anyone may leave. A Set keeps the order of arrival. */
type Lane<W> = ReadonlyMap<Priority, Set<W>>

/** A bounded line with one lane a priority. Joining, leaving and serving take constant time. */
export class WaitingLine<W extends Waiting> {
  readonly #max: number
  readonly #lanes: Lane<W> = new Map(prioritiesInOrder.map(priority => [priority, new Set<W>()]))
  #length = 0

  constructor(max: number) {
    this.#max = max
  }

  get length(): number {
    return this.#length
  }

  get full(): boolean {
    return this.#length >= this.#max
  }

  /** How many wait with this priority. */
  waiting(priority: Priority): number {
    return this.#lane(priority).size
  }

  /** Who has waited longest with this priority. */
  first(priority: Priority): W | undefined {
    for (const first of this.#lane(priority)) return first
    return undefined
  }

  /** How many are served before one who joins now. */
  ahead(priority: Priority): number {
    let ahead = 0
    for (const each of prioritiesInOrder) {
      ahead += this.waiting(each)
      if (each === priority) break
    }
    return ahead
  }

  /** The caller has seen that the line is not full. */
  join(one: W): void {
    const lane = this.#lane(one.priority)
    if (lane.has(one)) return
    lane.add(one)
    this.#length++
  }

  /** Idempotent. */
  leave(one: W): void {
    if (this.#lane(one.priority).delete(one)) this.#length--
  }

  /** Takes out who has waited longest in the highest lane that has anyone. */
  serve(): W | undefined {
    for (const priority of prioritiesInOrder) {
      for (const first of this.#lane(priority)) {
        this.leave(first)
        return first
      }
    }
    return undefined
  }

  /** Takes out whoever is of less importance than `priority`, from the lowest lane that has anyone. */
  displace(priority: Priority): W | undefined {
    for (const lower of prioritiesInOrder.toReversed()) {
      if (lower === priority) return undefined
      for (const first of this.#lane(lower)) {
        this.leave(first)
        return first
      }
    }
    return undefined
  }

  /** Is there anyone of less importance than `priority`? */
  canDisplace(priority: Priority): boolean {
    return this.ahead('sheddable') > this.ahead(priority)
  }

  #lane(priority: Priority): Set<W> {
    const lane = this.#lanes.get(priority)
    // The constructor makes one for every priority.
    if (lane === undefined) throw new TypeError(`there is no lane ${priority}`)
    return lane
  }
}
