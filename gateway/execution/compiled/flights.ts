import { writtenPrincipal } from '../../../kernel/kept-principals.ts'
import type { VariableValues } from '../../operation/variables.ts'
import type { PlannedOperation, Prepared } from '../prepared.ts'
import type { EarlierAnswers } from '../run.ts'
import type { SubgraphContext } from '../subgraph.ts'
import type { Bytes } from './spliced-answer.ts'

/** A compiled query under way. */
export interface Running {
  /** The answer's data, as bytes in latin1. */
  readonly data: Promise<readonly Bytes[]>
  /** What it has fetched, for when `data` rejects. */
  readonly earlier: EarlierAnswers
}

interface Flight {
  /** Undefined: it has ended. */
  running: Running | undefined
  /** Writes that had ended when it began. */
  readonly writes: number
}

/**
 * Compiled queries under way, so that whoever asks for the same meanwhile gets the same data. The same is: the operation, its
 * variables, and everything that subgraphs are told of who asks. What began before a write ended is not shared with whoever
 * asks after it: they must see what they have written.
 */
export class Flights {
  readonly #flights = new WeakMap<PlannedOperation, Map<string, Flight>>()
  #writes = 0

  /** Writes through this gateway that have ended. */
  get writes(): number {
    return this.#writes
  }

  /** A write through this gateway has ended, whatever became of it. */
  written(): void {
    this.#writes++
  }

  /** A query under way that can be shared. */
  shared(prepared: Prepared, key: string): Running | undefined {
    const flight = this.#flights.get(prepared.planned)?.get(key)
    return flight?.writes === this.#writes ? flight.running : undefined
  }

  /** Shares it until its data are there. */
  begin({ planned }: Prepared, key: string, running: Running): void {
    const known = this.#flights.get(planned)
    const flights = known ?? new Map<string, Flight>()
    if (known === undefined) this.#flights.set(planned, flights)
    const flight: Flight = { running, writes: this.#writes }
    flights.set(key, flight)
    const end = (): void => {
      // A Map makes itself a new table now and then, and V8 has the old one point to it. Once an old table has outlived two small
      // collections, the queries that were in the new one are kept until a large one, and those after them, and so on: two thirds of
      // all that was allocated. What has ended must not hold its data.
      flight.running = undefined
      if (flights.get(key) === flight) flights.delete(key)
    }
    running.data.then(end, end)
  }
}

/** What makes two requests for one operation the same; undefined: nothing can be said of them. */
export function flightKey(variables: VariableValues, context: SubgraphContext): string | undefined {
  const { principal, headers, userAgent, address, caller } = context
  if (caller !== undefined) return undefined
  // A principal is told apart by its digest: all of its rules in each key would cost more than signing for it.
  const who = principal && writtenPrincipal(principal).digest
  // Neither JSON nor a header has a line feed in it.
  let key = `${JSON.stringify(variables)}\n${who}\n${userAgent}\n${address}`
  for (const name in headers) key += `\n${name}:${headers[name]}`
  return key
}
