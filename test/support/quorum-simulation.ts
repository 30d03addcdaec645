import fc from 'fast-check'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import { Member } from '../../subgraphs/db/quorum/member.ts'
import { Proposer } from '../../subgraphs/db/quorum/proposer.ts'
import { quorumOf } from '../../subgraphs/db/quorum/roster.ts'
import { RecentLog } from '../../subgraphs/db/recent-log.ts'
import type { Commit, CommitFacts, LogEntry, SeatChange, SeatReading } from '../../subgraphs/db/task-store.ts'
import { attempt } from '../contract/store-under-test.ts'
import { task } from '../contract/sample-records.ts'
import { type RegisterOperation, isLinearizable } from './linearizable.ts'
import { MemoryTaskStore } from './memory-task-store.ts'

/** A way in which a store or a process could be wrong; the simulation must notice each of them. */
export type Mutant =
  | 'acknowledges before writing'
  | 'forgets its promises'
  | 'votes while behind'
  | 'votes after losing its data'
  | 'repeats without looking at commit ids'

export type Step =
  /** A process sets the record, if it is still what the process saw last. */
  | { readonly is: 'swap' | 'read'; readonly process: 0 | 1 }
  /** A process dies with all it knows, and starts again under another name. */
  | { readonly is: 'restart'; readonly process: 0 | 1 }
  /** A store loses everything; only one does in a run. */
  | { readonly is: 'lose' }
  /** A process brings the stores up and gives votes to those without. */
  | { readonly is: 'repair'; readonly process: 0 | 1 }
  /** A process takes a store out of the members; the others must do. */
  | { readonly is: 'forget'; readonly process: 0 | 1; readonly store: 0 | 1 | 2 }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: stepOf('swap') },
  { weight: 3, arbitrary: stepOf('read') },
  { weight: 1, arbitrary: stepOf('restart') },
  { weight: 2, arbitrary: stepOf('repair') },
)

/** A few steps, in the middle of which the store may lose its data. */
export const anySteps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(anyStep, { minLength: 2, maxLength: 6 }),
    fc.constantFrom<readonly Step[]>([], [{ is: 'lose' }]),
    fc.array(anyStep, { minLength: 2, maxLength: 6 }),
  )
  .map(parts => parts.flat())

/** Steps among which stores are forgotten, and taken in again by repairs. Then none may lose its data: of two, both are needed. */
export const forgettingSteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: anyStep },
    {
      weight: 3,
      arbitrary: fc.record({
        is: fc.constant('forget' as const),
        process: fc.constantFrom<0 | 1>(0, 1),
        store: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
      }),
    },
  ),
  { minLength: 4, maxLength: 12 },
)

function stepOf(is: 'swap' | 'read' | 'restart' | 'repair'): fc.Arbitrary<Step> {
  return fc.constantFrom<0 | 1>(0, 1).map(process => ({ is, process }))
}

/** Percent of messages, and of answers, that never arrive. */
const lostPercent = 12
const names = ['sql', 'nosql', 'cache'] as const
const lost = 2
const key = { kind: 'task', id: 'task_a' } as const

interface Process {
  proposer: Proposer
  members: readonly Member[]
  recent: RecentLog
  /** The end of the log as it knows it, which reads of it show. */
  confirmed: number
}

/**
 * Three stores in memory and two processes that write through them; the scheduler decides what arrives when, and `noise`
 * (0 to 99) what is lost. The stores are founded before anything goes wrong. Throws what it finds wrong.
 */
export class QuorumSimulation {
  readonly stores = names.map(() => new MemoryTaskStore())
  readonly #scheduler: fc.Scheduler
  readonly #noise: Iterator<number>
  readonly #mutant: Mutant | undefined
  readonly #history: RegisterOperation[] = []
  readonly #told = new Map<string, number | 'never'>()
  readonly #processes: Process[] = []
  readonly #clock: Clock
  #faults = false
  #hasLost = false
  #time = 0
  #names = 0
  #commits = 0

  constructor(scheduler: fc.Scheduler, noise: Iterator<number>, mutant?: Mutant) {
    this.#scheduler = scheduler
    this.#noise = noise
    this.#mutant = mutant
    this.#clock = {
      now: () => ++this.#time,
      wall: () => 0,
      after: (_ms, run) => {
        let over = false
        void this.#soon('timer').then(() => over || run())
        return { cancel: () => (over = true) }
      },
      soon: run => this.#clock.after(0, run),
    }
  }

  async run(steps: readonly Step[]): Promise<void> {
    this.#processes.push(this.#start(), this.#start())
    await this.#scheduler.waitFor(this.#begin())
    await this.#go(steps)
  }

  /** The same, but both processes try to found the stores while messages get lost, and give up: others must be able to go on. */
  async runFromFounding(steps: readonly Step[]): Promise<void> {
    this.#processes.push(this.#start(), this.#start())
    this.#faults = true
    const tries = this.#processes.map(({ proposer }) =>
      proposer.settle().catch((failure: unknown) => {
        if (!(failure instanceof EnneadError)) throw failure
      }),
    )
    await this.#scheduler.waitFor(Promise.all(tries))
    this.#faults = false
    this.#processes.splice(0, 2, this.#start(), this.#start())
    await this.#scheduler.waitFor(this.#begin())
    if (this.#history.length === 0) throw new Error('the first commit was refused')
    // Of two members none may lose its data.
    await this.#scheduler.waitFor(this.#repair(0))
    await this.#go(steps)
  }

  async #go(steps: readonly Step[]): Promise<void> {
    this.#faults = true
    const chains = [0, 1].map(async process => {
      for (const step of steps) {
        if (step.is === 'lose' ? process === 0 : step.process === process) await this.#take(step)
      }
    })
    await this.#scheduler.waitFor(Promise.all(chains))
    this.#faults = false
    await this.#scheduler.waitFor(this.#judge())
  }

  async #begin(): Promise<void> {
    await this.#processes[0]?.proposer.settle()
    await this.#write(0, '')
  }

  async #take(step: Step): Promise<void> {
    switch (step.is) {
      case 'swap':
        return this.#swap(step.process)
      case 'read':
        return this.#read(step.process)
      case 'restart':
        this.#processes[step.process] = this.#start()
        return undefined
      case 'lose':
        return this.#lose()
      case 'repair':
        return this.#repair(step.process)
      case 'forget':
        return this.#forget(step.process, names[step.store])
    }
  }

  #process(index: number): Process {
    const process = this.#processes[index]
    if (process === undefined) throw new Error('no such process')
    return process
  }

  #start(): Process {
    const recent = new RecentLog()
    const members = names.map((name, index) => this.#member(name, index))
    const process: Process = {
      recent,
      members,
      confirmed: 0,
      proposer: new Proposer({
        id: `process-${++this.#names}`,
        members,
        recent,
        facts: commits => this.#facts(commits, process),
        readLog: async (name, afterSeq, limit) => {
          await this.#travel('log')
          const store = this.stores[names.findIndex(one => one === name)]
          return store?.operations.log({ afterSeq, limit }, attempt()) ?? []
        },
        chosen: entries => {
          process.confirmed = Math.max(process.confirmed, entries.at(-1)?.position.seq ?? 0)
          for (const store of this.stores) void this.#follow(store, entries)
        },
        confirmed: () => undefined,
        seen: head => {
          process.confirmed = Math.max(process.confirmed, head.seq)
        },
        clock: this.#clock,
        random: () => this.#draw() / 100,
        log: silentLog,
      }),
    }
    return process
  }

  #member(name: string, index: number): Member {
    const store = this.stores[index]
    if (store === undefined) throw new Error('no such store')
    return new Member({
      name,
      mayVote: () => true,
      // Incarnations must differ; what they are does not matter.
      random: () => ((this.#names = (this.#names * 31 + 7) % 9_973), this.#names / 9_973),
      seat: () => this.#send(() => store.reading()),
      vote: change => this.#send(() => this.#vote(store, index, change)),
    })
  }

  #vote(
    store: MemoryTaskStore,
    index: number,
    change: SeatChange,
  ): SeatReading & { readonly changed: boolean } {
    const stands = (store.seat?.turn ?? 0) === change.turn && store.head().seq === change.head.seq
    if (!stands) return { changed: false, ...store.reading() }
    const isPromise = change.next.accepted === store.seat?.accepted
    if (
      this.#faults &&
      index === lost &&
      this.#mutant === 'acknowledges before writing' &&
      this.#draw() < 50
    ) {
      return { changed: true, state: change.next, head: store.head() }
    }
    store.seat =
      this.#mutant === 'forgets its promises' && isPromise && store.seat !== undefined
        ? { ...change.next, promised: store.seat.promised }
        : change.next
    if (this.#mutant !== 'votes while behind' || !this.#faults) this.#absorb(store, change.apply)
    return { changed: true, ...store.reading() }
  }

  async #facts(commits: readonly Commit[], process: Process): Promise<CommitFacts> {
    await this.#travel('facts')
    const store = this.stores.find(one => one.head().seq >= process.confirmed) ?? this.stores[0]
    if (store === undefined) throw new Error('no store')
    const facts = await store.operations.facts(commits, attempt())
    if (this.#mutant !== 'repeats without looking at commit ids') return facts
    return { ...facts, positions: new Map() }
  }

  /** A store takes over what was chosen, if it hears of it, and if it can. */
  async #follow(store: MemoryTaskStore, entries: readonly LogEntry[]): Promise<void> {
    // Each second time it does not even begin, so that votes must bring what is lacking.
    if (this.#faults && this.#draw() < 50) return
    await this.#send(() => this.#absorb(store, entries)).catch(() => undefined)
  }

  #absorb(store: MemoryTaskStore, entries: readonly LogEntry[]): void {
    const head = store.head().seq
    const fresh = entries.filter(({ position }) => position.seq > head)
    if (fresh[0] !== undefined && fresh[0].position.seq !== head + 1) return
    store.take(fresh)
  }

  /** Changes the record from the version this process sees. */
  async #swap(process: number): Promise<void> {
    const store = this.#current(process)
    const version = store?.records.get('task task_a')?.version
    if (version === undefined) return
    await this.#write(version, String(version))
  }

  async #write(version: number, expected: string, process = this.#commits % 2): Promise<void> {
    const id = `commit-${++this.#commits}`
    const from = ++this.#time
    const commit: Commit = {
      id,
      workspaceId: 'workspace_1',
      actorId: 'user_1',
      at: '2026-01-01T00:00:00.000Z',
      expects: [{ ...key, version }],
      puts: [task('task_a', { version: version + 1, title: id })],
      event: undefined,
    }
    const swap = (to: number, done: boolean | undefined): void => {
      const does = { is: 'swap', expected, value: String(version + 1), done } as const
      this.#history.push({ from, to, does })
    }
    try {
      const { outcomes } = await this.#process(process).proposer.commit([commit], from)
      const [outcome] = outcomes
      swap(++this.#time, outcome?.is === 'committed')
      this.#told.set(id, outcome?.is === 'committed' ? outcome.position.seq : 'never')
    } catch (failure) {
      if (!(failure instanceof EnneadError)) throw failure
      if (failure.code === 'UNKNOWN_COMMIT_OUTCOME') swap(Infinity, undefined)
      else this.#told.set(id, 'never')
    }
  }

  async #read(process: number): Promise<void> {
    const from = ++this.#time
    try {
      await this.#process(process).proposer.settle()
    } catch (failure) {
      if (failure instanceof EnneadError) return
      throw failure
    }
    const { confirmed, recent } = this.#process(process)
    const store = this.stores.find(one => one.head().seq >= confirmed)
    const newest = recent.between(confirmed - 1, confirmed)?.[0]?.commit.puts[0]?.version
    const version = newest ?? store?.entries[confirmed - 1]?.commit.puts[0]?.version
    if (version !== undefined) {
      this.#history.push({ from, to: ++this.#time, does: { is: 'read', saw: String(version) } })
    }
  }

  #lose(): void {
    if (this.#hasLost) return
    this.#hasLost = true
    const store = this.stores[lost]
    const seat = store?.seat
    store?.clear()
    if (store === undefined || seat === undefined || this.#mutant !== 'votes after losing its data') return
    store.seat = { ...seat, turn: seat.turn + 1, promised: { round: 0, by: '' }, accepted: undefined }
  }

  async #repair(process: number): Promise<void> {
    const { proposer, members } = this.#process(process)
    const top = this.#current(process)
    for (const [index, member] of members.entries()) {
      const store = this.stores[index]
      if (store !== undefined && top !== undefined) await this.#follow(store, [...top.entries])
      await proposer.admit(member).catch((failure: unknown) => {
        if (!(failure instanceof EnneadError)) throw failure
      })
    }
  }

  async #forget(process: number, name: string): Promise<void> {
    await this.#process(process)
      .proposer.forget(name)
      .catch((failure: unknown) => {
        if (!(failure instanceof EnneadError)) throw failure
      })
  }

  #current(process: number): MemoryTaskStore | undefined {
    return this.stores.find(store => store.head().seq >= this.#process(process).confirmed)
  }

  /** With nothing lost any more: all that was told must be in the log, where it was told to be, and nothing else once. */
  async #judge(): Promise<void> {
    const process = (this.#processes[0] = this.#start())
    await process.proposer.settle()
    await this.#repair(0)
    const entries = this.stores.map(store => store.entries).reduce((a, b) => (b.length > a.length ? b : a))
    const log = [...entries, ...(process.recent.between(entries.length, process.confirmed) ?? [])]
    for (const store of this.stores) {
      store.entries.forEach((entry, index) => {
        if (entry.commit.id !== log[index]?.commit.id) throw new Error(`two logs differ at ${index + 1}`)
      })
    }
    for (const [id, told] of this.#told) {
      const places = log.flatMap(({ commit, position }) => (commit.id === id ? [position.seq] : []))
      const expected = told === 'never' ? [] : [told]
      if (places.join() !== expected.join()) {
        throw new Error(`${id} was told to be at ${told} and is at ${places.join(' and ') || 'no place'}`)
      }
    }
    if (!isLinearizable(this.#history, '')) {
      throw new Error(`not linearizable: ${JSON.stringify(this.#history)}`)
    }
    await this.#requireAllVotes()
  }

  /** With nothing lost any more, whatever happened before, every store has its vote again after it was looked after. */
  async #requireAllVotes(): Promise<void> {
    const { members, proposer } = (this.#processes[0] = this.#start())
    await proposer.settle()
    await this.#repair(0)
    const looks = await Promise.all(members.map(member => member.look()))
    const voices = looks.map(({ state }, index) => ({ name: names[index] ?? '', state }))
    if (quorumOf(voices)?.length !== names.length)
      throw new Error(`without a vote: ${JSON.stringify(voices)}`)
  }

  async #send<T>(work: () => T): Promise<T> {
    await this.#travel('request')
    const answer = work()
    await this.#travel('answer')
    return answer
  }

  async #travel(what: string): Promise<void> {
    await this.#soon(what)
    if (this.#faults && this.#draw() < lostPercent) {
      throw new EnneadError('AGENT_TIMEOUT', `the ${what} was lost`)
    }
  }

  #soon(what: string): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), what)
  }

  #draw(): number {
    this.#time++
    return this.#noise.next().value ?? 0
  }
}
