import { sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { type DbDomain, openDbDomain } from '../../subgraphs/db/domain.ts'
import { commitOf, task } from '../contract/sample-records.ts'
import { engineOf, everyone } from '../db/domain/fixture.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { MemoryTaskStore } from './memory-task-store.ts'
import { seededRandom } from './seeded-random.ts'

const names = ['sql', 'nosql', 'cache'] as const

export interface WritersOptions {
  readonly seed: number
  /** Clients of each process; each writes again as soon as it was answered, after up to 10 ms. */
  readonly clients: readonly number[]
  /** One way to each store, at least; up to 2 ms more. Milliseconds. */
  readonly wayMs: readonly [number, number, number]
}

/** Processes that never stop writing through the same three stores in memory; all time is that of a manual clock. */
export class WritersInMemory {
  readonly clock: ManualClock = manualClock()
  readonly stores = names.map(() => new MemoryTaskStore())
  readonly processes: DbDomain[] = []
  /** How long each commit took that was answered. Milliseconds. */
  readonly tookMs: number[] = []
  /** What commits were refused with. */
  readonly refusals: string[] = []
  readonly #random: () => number
  #clients: Promise<void>[] = []
  #isOver = false

  private constructor({ seed, wayMs }: WritersOptions) {
    this.#random = seededRandom(seed)
    for (const [index, store] of this.stores.entries()) {
      const travel = (): Promise<void> => sleep(this.clock, (wayMs[index] ?? 0) + this.#random() * 2)
      store.before = travel
      store.after = travel
    }
  }

  static async begin(options: WritersOptions): Promise<WritersInMemory> {
    const writers = new WritersInMemory(options)
    for (const _ of options.clients) writers.processes.push(await writers.until(writers.#open()))
    writers.#clients = writers.processes.flatMap((domain, process) =>
      Array.from({ length: options.clients[process] ?? 0 }, (_, client) =>
        writers.#write(domain, `${process}_${client}`),
      ),
    )
    return writers
  }

  /** Ends the writing, waits for what is on its way and closes all. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.until(Promise.all(this.#clients))
    await this.until(Promise.all(this.processes.map(domain => domain.close())))
  }

  #open(): Promise<DbDomain> {
    return openDbDomain({
      engines: names.map((name, index) => engineOf(name, this.stores[index] ?? new MemoryTaskStore())),
      actors: everyone,
      clock: this.clock,
      random: this.#random,
      limits: { reopenFirstMs: 100, reopenLastMs: 1_000, probeMs: 200, silentMs: 1_000 },
    })
  }

  async #write({ writer }: DbDomain, client: string): Promise<void> {
    for (let version = 1, tries = 1; !this.#isOver; tries++) {
      const from = this.clock.now()
      try {
        await writer.commit(commitOf(`${client} ${tries}`, task(`task_${client}`, { version })))
        this.tookMs.push(this.clock.now() - from)
        version++
      } catch (failure) {
        if (!(failure instanceof EnneadError)) throw failure
        this.refusals.push(failure.message)
      }
      await sleep(this.clock, this.#random() * 10)
    }
  }

  /** Lets time pass until `work` is over. */
  async until<T>(work: Promise<T>): Promise<T> {
    const running = new Set<Promise<T>>([work])
    const over = (): void => running.clear()
    work.then(over, over)
    while (running.size > 0) await this.clock.run(1)
    return work
  }
}
