import { unreachable } from '../kernel/errors.ts'
import type { Priority } from './port.ts'

/** Bounds how many calls a domain runs at once; less important ones are refused before it is full. */
export class Bulkhead {
  readonly #runningMax: number
  readonly #sheddableMax: number
  readonly #defaultMax: number
  #running = 0

  constructor(runningMax: number, sheddableShare: number, defaultShare: number) {
    this.#runningMax = runningMax
    this.#sheddableMax = runningMax * sheddableShare
    this.#defaultMax = runningMax * defaultShare
  }

  get running(): number {
    return this.#running
  }

  /** Takes a place if there is one for this priority. */
  enter(priority: Priority): boolean {
    if (this.#running >= this.#placesFor(priority)) return false
    this.#running++
    return true
  }

  leave(): void {
    this.#running--
  }

  #placesFor(priority: Priority): number {
    switch (priority) {
      case 'default':
        return this.#defaultMax
      case 'sheddable':
        return this.#sheddableMax
      case 'critical':
        return this.#runningMax
      default:
        return unreachable(priority)
    }
  }
}
