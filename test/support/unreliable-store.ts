import { type Clock, type Random, sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { EngineOption } from '../../subgraphs/db/domain-options.ts'
import type { EngineName } from '../../subgraphs/db/engine-slot.ts'
import type { LogEntry, SeatState, StoreEngine, TaskStore } from '../../subgraphs/db/task-store.ts'
import { MemoryTaskStore } from './memory-task-store.ts'

/** What a store suffers. */
export type Mood =
  | 'well'
  /** Refuses connections; what was on its way may have happened. */
  | 'down'
  /** Does nothing, and goes on with all it was asked when it thaws. */
  | 'frozen'
  /** Swallows what it is asked, and what it had answered. */
  | 'stalled'
  /** Has no space left: reads only. */
  | 'full'

export interface UnreliableStoreParts {
  readonly name: EngineName
  /** One way to it, at least. Milliseconds. */
  readonly wayMs: number
  /** What was not acknowledged yet when it dies is seen by some, and is gone: as in a store whose journal follows its data. */
  readonly forgets: boolean
  readonly clock: Clock
  readonly random: Random
}

/** A process that uses the store; calls of one that is dead may arrive, and are never answered. */
export interface Caller {
  readonly isDead: boolean
}

/** Any of them; the compiler cannot see through their names which one it is. */
type Operation = (input: unknown, attempt: unknown) => Promise<never>

/** A store in memory behind a wire of its own, on which everything takes time and which can be made to suffer. */
export class UnreliableStore {
  readonly memory = new MemoryTaskStore()
  readonly name: EngineName
  readonly #parts: UnreliableStoreParts
  #mood: Mood = 'well'
  #waiting: (() => void)[] = []
  #writes = 0
  /** What it has when it comes back. */
  #durable: { readonly write: number; readonly seat: SeatState | undefined; readonly entries: number } = {
    write: 0,
    seat: undefined,
    entries: 0,
  }

  constructor(parts: UnreliableStoreParts) {
    this.#parts = parts
    this.name = parts.name
  }

  suffer(mood: Mood): void {
    this.#mood = mood
    if (mood === 'down' && this.#parts.forgets) this.#rollBack()
    if (mood === 'frozen') return
    for (const thaw of this.#waiting.splice(0)) thaw()
  }

  /** Loses all it holds. */
  empty(): void {
    this.memory.clear()
    this.#durable = { write: ++this.#writes, seat: undefined, entries: 0 }
  }

  engineFor(caller: Caller): EngineOption {
    const { clock, random } = this.#parts
    return {
      name: this.name,
      open: async () => {
        await sleep(clock, 3 + random() * 10)
        if (this.#mood !== 'well') throw new EnneadError('UNAVAILABLE', `${this.name} is ${this.#mood}`)
        return this.#engine(caller)
      },
    }
  }

  #engine(caller: Caller): StoreEngine {
    const operations: Partial<TaskStore> = Object.fromEntries(
      Object.entries(this.memory.operations).map(([name, run]) => [
        name,
        (input: unknown) => this.#call(caller, name, () => (run as Operation)(input, unhurried)),
      ]),
    )
    return {
      operations,
      detail: 'memory',
      close: () => Promise.resolve(),
    }
  }

  async #call(caller: Caller, operation: string, work: () => Promise<never>): Promise<never> {
    const { random } = this.#parts
    const isWrite = operation === 'absorb' || operation === 'vote'
    await this.#travel()
    // A process that died had sent half of this.
    if ((caller.isDead && random() < 0.5) || this.#swallows()) return silence()
    await this.#pass(isWrite ? 4 : 0, isWrite)
    const answer = await work()
    if (isWrite) await this.#keep()
    await this.#travel()
    if (caller.isDead || this.#swallows()) return silence()
    await this.#pass(0, false)
    return answer
  }

  #swallows(): boolean {
    return this.#mood === 'stalled'
  }

  async #travel(): Promise<void> {
    await sleep(this.#parts.clock, this.#parts.wayMs + this.#parts.random() * 2)
  }

  /** Takes up to `msMax` milliseconds of work, as long as it is well. */
  async #pass(msMax: number, isWrite: boolean): Promise<void> {
    if (msMax > 0) await sleep(this.#parts.clock, this.#parts.random() * msMax)
    if (this.#mood === 'frozen') await new Promise<void>(resolve => void this.#waiting.push(resolve))
    const isUnknown = this.#parts.random() < 0.5
    if (this.#mood === 'down' || (this.#mood === 'full' && isWrite)) {
      throw new EnneadError(isUnknown ? 'AGENT_TIMEOUT' : 'AGENT_FAULT', `${this.name} is ${this.#mood}`)
    }
  }

  /** What was written can be seen at once, and is acknowledged when it is kept. */
  async #keep(): Promise<void> {
    const { memory } = this
    const kept = { write: ++this.#writes, seat: memory.seat, entries: memory.entries.length }
    if (this.#parts.forgets) await this.#pass(6, false)
    if (kept.write > this.#durable.write) this.#durable = kept
  }

  #rollBack(): void {
    const { seat, entries } = this.#durable
    const kept: LogEntry[] = this.memory.entries.slice(0, entries)
    this.memory.clear()
    this.memory.take(kept)
    this.memory.seat = seat
  }
}

/** Servers go on with what they were asked, whoever has given up waiting. */
const unhurried = { signal: new AbortController().signal, remainingMs: Infinity, number: 1 }

function silence(): Promise<never> {
  return new Promise(() => undefined)
}
