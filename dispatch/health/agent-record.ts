import type { Breaker, Entry } from './breaker.ts'
import { EnneadError } from '../../kernel/errors.ts'

/** What the dispatcher knows of one agent, over all its operations. */
export class AgentRecord {
  readonly name: string
  readonly detail: string
  /** Its place among the agents, as a bit. */
  readonly bit: number
  readonly breaker: Breaker
  readonly #runningMax: number
  /** Attempts that are waited for. */
  running = 0
  /** Attempts that were given up but have not ended. */
  lagging = 0
  /** Times in a row that others answered before it. */
  overtaken = 0
  #failuresInARow = 0
  #lastFailure = ''

  constructor(name: string, detail: string, index: number, breaker: Breaker, runningMax: number) {
    this.name = name
    this.detail = detail
    this.bit = 1 << index
    this.breaker = breaker
    this.#runningMax = runningMax
  }

  get full(): boolean {
    return this.running + this.lagging >= this.#runningMax
  }

  get failing(): boolean {
    return this.#failuresInARow >= failuresThatShow
  }

  /** What the last failure may be told as: our own messages are safe, others' may hold secrets. */
  get lastFailure(): string {
    return this.#lastFailure
  }

  succeeded(entry: Entry): void {
    this.#failuresInARow = 0
    this.overtaken = 0
    this.breaker.succeeded(entry)
  }

  failed(entry: Entry, failure: unknown, now: number): void {
    this.#failuresInARow++
    this.overtaken = 0
    this.#lastFailure = failure instanceof EnneadError ? failure.message : 'fault'
    this.breaker.failed(entry, now)
  }
}

/** Failures in a row from which an agent is shown as failing. */
const failuresThatShow = 3
