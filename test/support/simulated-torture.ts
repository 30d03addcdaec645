import { sleep } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { type Log, jsonLog } from '../../kernel/log.ts'
import { type DbDomain, openDbDomain } from '../../subgraphs/db/domain.ts'
import { commitOf, task } from '../contract/sample-records.ts'
import { everyone } from '../db/domain/fixture.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { seededRandom } from './seeded-random.ts'
import { type Caller, UnreliableStore } from './unreliable-store.ts'

export interface SimulatedReport {
  readonly commits: number
  /** What was done, and when. */
  readonly faults: readonly string[]
  /** What must not be; empty: all is well. */
  readonly wrong: readonly string[]
  /** What every process logged, a line each. */
  readonly log: readonly string[]
}

const kinds = ['kill', 'kill', 'freeze', 'stall', 'full', 'empty', 'empty', 'process', 'reset'] as const
const moods = { kill: 'down', reset: 'down', freeze: 'frozen', stall: 'stalled', full: 'full' } as const
/** Times of the simulated clock. Milliseconds. */
const wellMsMax = 30_000
const noticedMs = 800
const clientsEach = 4

interface Process extends Caller {
  isDead: boolean
  readonly domain: DbDomain
}

/**
 * The torture (test/torture) without servers and without waiting: whole domains of two processes on stores in memory that
 * suffer one fault after the other, by a clock and a chance that are given. What happens follows from the seed alone, so
 * that what goes wrong can be looked at again.
 */
export class SimulatedTorture {
  readonly #clock: ManualClock = manualClock()
  readonly #random: () => number
  readonly #stores: readonly UnreliableStore[]
  readonly #processes: Process[] = []
  readonly #log: string[] = []
  readonly #faults: string[] = []
  /** Where each commit was told to be. */
  readonly #told = new Map<string, number>()
  #started = 0

  constructor(seed: number) {
    const [clock, random] = [this.#clock, seededRandom(seed)]
    this.#random = random
    const store = (name: 'sql' | 'nosql' | 'cache', wayMs: number, forgets = false): UnreliableStore =>
      new UnreliableStore({ name, wayMs, forgets, clock, random })
    this.#stores = [store('sql', 0.5), store('nosql', 1.5, true), store('cache', 0.3)]
  }

  async run(faults: number): Promise<SimulatedReport> {
    this.#processes.push(await this.#start(), await this.#start())
    const wrong = (await this.#isWellSoon()) ? [] : ['not well at the start']
    for (let fault = 0; fault < faults && wrong.length === 0; fault++) {
      const what = await this.#suffer()
      await this.#clock.run(noticedMs)
      // One fault at a time: the next one would be a second, of which nothing is promised.
      if (!(await this.#isWellSoon())) wrong.push(`not well ${wellMsMax} ms after ${what}`)
      await this.#clock.run(this.#random() * 300)
    }
    for (const process of this.#processes) process.isDead = true
    await this.#clock.run(noticedMs)
    wrong.push(...this.#judge())
    return { commits: this.#told.size, faults: this.#faults, wrong, log: this.#log }
  }

  async #start(): Promise<Process> {
    const name = `p${++this.#started}`
    const log: Log = jsonLog({
      level: 'info',
      write: line => void this.#log.push(`${name} ${line}`),
      wall: () => this.#clock.wall(),
    })
    const caller = { isDead: false }
    const opening = openDbDomain({
      engines: this.#stores.map(store => store.engineFor(caller)),
      actors: everyone,
      clock: this.#clock,
      random: this.#random,
      limits: { reopenFirstMs: 100, reopenLastMs: 1_000, probeMs: 200, silentMs: 1_000 },
      log,
    })
    const process: Process = Object.assign(caller, { domain: await this.#until(opening) })
    for (let client = 0; client < clientsEach; client++) void this.#write(process, `${name}_${client}`)
    return process
  }

  async #write(process: Process, client: string): Promise<void> {
    for (let number = 1; !process.isDead; number++) {
      const id = `${client} ${number}`
      try {
        const outcome = await process.domain.writer.commit(commitOf(id, task(`task_${client}_${number}`)))
        if (outcome.is === 'committed') this.#told.set(id, outcome.position.seq)
      } catch (failure) {
        if (!(failure instanceof EnneadError)) throw failure
      }
      await sleep(this.#clock, this.#random() * 30)
    }
  }

  async #suffer(): Promise<string> {
    const [clock, random] = [this.#clock, this.#random]
    const kind = kinds[Math.floor(random() * kinds.length)] ?? 'kill'
    const store = this.#stores[Math.floor(random() * this.#stores.length)]
    if (store === undefined) throw new Error('no store')
    const what = kind === 'process' ? kind : `${kind} ${store.name}`
    this.#faults.push(what)
    this.#log.push(what)
    if (kind === 'empty') store.empty()
    else if (kind === 'process') {
      const victim = Math.floor(random() * this.#processes.length)
      const process = this.#processes[victim]
      if (process !== undefined) process.isDead = true
      this.#processes[victim] = await this.#start()
    } else {
      store.suffer(moods[kind])
      await clock.run(kind === 'reset' ? 1 : 200 + random() * 800)
      store.suffer('well')
    }
    return what
  }

  async #isWellSoon(): Promise<boolean> {
    const end = this.#clock.now() + wellMsMax
    while (!this.#processes.every(({ domain }) => isWell(domain))) {
      if (this.#clock.now() > end) return false
      await this.#clock.run(50)
    }
    return true
  }

  /** All logs are beginnings of one, in which every commit that was acknowledged is once, where it was told to be. */
  #judge(): string[] {
    const logs = this.#stores.map(({ memory }) => memory.entries.map(({ commit }) => commit.id))
    const longest = logs.reduce((one, other) => (other.length > one.length ? other : one))
    const differing = logs.flatMap(log => {
      const place = log.findIndex((id, index) => id !== longest[index])
      return place === -1 ? [] : [`two logs differ at ${place + 1}`]
    })
    const places = Map.groupBy(longest.keys(), index => longest[index])
    const misplaced = [...this.#told].flatMap(([id, seq]) => {
      const found = places.get(id) ?? []
      return found.length === 1 && found[0] === seq - 1
        ? []
        : [
            `${id} was told to be at ${seq} and is at ${found.map(index => index + 1).join(' and ') || 'no place'}`,
          ]
    })
    return [...differing, ...misplaced]
  }

  /** Lets time pass until `work` is over. */
  async #until<T>(work: Promise<T>): Promise<T> {
    const running = new Set<Promise<T>>([work])
    const over = (): void => running.clear()
    work.then(over, over)
    while (running.size > 0) await this.#clock.run(1)
    return work
  }
}

/** Every store is there, has its vote and is next to the end of the log. */
function isWell(domain: DbDomain): boolean {
  const { ready, agents } = domain.health()
  return ready && agents.every(({ detail }) => /, (at \d+|[12]?\d behind)$/.test(detail))
}
