import type { CreateDispatcher } from '../../../dispatch/dispatcher.ts'
import { type Policy, failover, once } from '../../../dispatch/policy.ts'
import type { Dispatcher } from '../../../dispatch/port.ts'
import { type Clock, type Random, sleep } from '../../../kernel/clock.ts'
import type { Log } from '../../../kernel/log.ts'
import { type EngineSlot, headOf } from '../engine-slot.ts'
import type { Frontier } from '../frontier.ts'
import type { RecentLog } from '../recent-log.ts'
import type { Commit, CommitOutcome, LogHead, SeatReading, SeatState, TaskStore } from '../task-store.ts'
import { Member, newName } from './member.ts'
import { Proposer, newestAccepted } from './proposer.ts'
import { quorumOf } from './roster.ts'

export interface QuorumParts {
  readonly slots: readonly EngineSlot[]
  readonly frontier: Frontier
  readonly recent: RecentLog
  /** Stores that stand at the frontier. */
  readonly store: Pick<Dispatcher<TaskStore>, 'call'>
  /** Resolves when enough stores hold the log up to `seq`, or after a while. */
  readonly whenHeld: (seq: number) => Promise<void>
  /** Is told when nothing is on its way any more that would bring the stores what they lack. */
  readonly idle: () => void
  readonly create: CreateDispatcher
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly limits: QuorumLimits
}

export interface QuorumLimits {
  /** Time a store has for one vote. Milliseconds. */
  readonly attemptMs: number
  /** Votes and looks at seats one store may have running. */
  readonly runningMax: number
}

type SeatStore = Pick<TaskStore, 'seat' | 'vote'>

/** One store that may vote, how it is reached, and its seat when its keeper looked last. */
interface Voter {
  readonly slot: EngineSlot
  readonly member: Member
  readonly seat: Dispatcher<SeatStore>
  look:
    { readonly askedAt: number; readonly reading: SeatReading & { readonly state: SeatState } } | undefined
}

/** How often a process looks whether what others have proposed is decided, before it decides. */
const looksMax = 6
const lookAgainMs = 8
/** So long something accepted may stay undecided before this process decides it. Milliseconds. */
const undecidedMs = 2_000
/** A store that lacks no more entries than that is given its vote. */
const nearMax = 500

/**
 * The quorum of a domain's stores: has commits chosen, and sees to it that stores which are new or were away get their
 * votes, that what a process left half-way when it died is finished, and that this process learns what others have had
 * chosen.
 */
export class Quorum {
  readonly #parts: QuorumParts
  readonly #voters: readonly Voter[]
  readonly #proposer: Proposer
  #held: Promise<void> = Promise.resolve()
  #undecidedSince: number | undefined
  #tending = false
  #closed = false

  constructor(parts: QuorumParts) {
    this.#parts = parts
    const { slots, recent, store, frontier, clock, random, log, limits } = parts
    this.#voters = slots.filter(({ source }) => source.learner !== true).map(slot => this.#voter(slot))
    const timing = { attemptMs: limits.attemptMs, timeoutMs: limits.attemptMs, priority: 'critical' } as const
    this.#proposer = new Proposer({
      id: newName(random),
      members: this.#voters.map(({ member }) => member),
      facts: commits => store.call('facts', commits, timing),
      readLog: (name, afterSeq, limit) =>
        this.#slot(name).direct('log', { afterSeq, limit }, limits.attemptMs),
      recent,
      chosen: (entries, since) => {
        const [first, last] = [entries[0], entries.at(-1)]
        if (first === undefined || last === undefined) return
        const { position, commit } = last
        this.#held = parts.whenHeld(position.seq).then(() => {
          frontier.committed(first.position.seq, { ...position, commitId: commit.id }, since)
        })
      },
      seen: head => frontier.raise(head),
      confirmed: (head, askedAt) => {
        // Not before what was chosen on the way has reached the stores.
        this.#held = this.#held.then(() => frontier.confirm(head, askedAt))
      },
      clock,
      random,
      log,
    })
  }

  /** Learns at the start what has been chosen, or founds a new quorum; when that cannot be, reads go by what there is. */
  async open(): Promise<void> {
    const { slots, limits, log } = this.#parts
    await Promise.allSettled(slots.map(slot => this.look(slot, limits.attemptMs)))
    try {
      // What is undecided now, nobody is about to decide but a process that runs beside this one, and it can wait.
      if (this.#note() !== 'known') await this.settle()
    } catch (failure) {
      log.warn('db.quorum.none', { error: failure })
    }
    await Promise.allSettled(slots.map(slot => this.look(slot, limits.attemptMs)))
  }

  /** Does the next proposal bring what this store lacks? */
  carries(slot: EngineSlot): boolean {
    const votes = this.#voters.some(voter => voter.slot === slot && voter.look?.reading.state.voting === true)
    return votes && this.#proposer.busy && this.#parts.recent.reachesBackTo(slot.seq)
  }

  /**
   * Decides commits, one outcome each, and has them chosen; `held` resolves when enough stores hold them, so that reads
   * need not wait. Rejects as `Proposer.commit` does.
   */
  async commit(
    commits: readonly Commit[],
    since: number,
  ): Promise<{
    readonly outcomes: readonly CommitOutcome[]
    readonly held: Promise<void>
  }> {
    const { outcomes } = await this.#run(() => this.#proposer.commit(commits, since))
    return { outcomes, held: this.#held }
  }

  /** Finds out what has been chosen, by any process, and confirms it; the log is then as it is for all. */
  async settle(): Promise<void> {
    await this.#run(() => this.#proposer.settle())
    await this.#held
  }

  /** Learns how far the log goes that others may have had chosen: a question to a majority, and to decide only in doubt. */
  async learn(): Promise<void> {
    const { clock, random, limits } = this.#parts
    for (let look = 1; look <= looksMax; look++) {
      const since = clock.now()
      // Those that do not answer are not needed as long as the others are a majority.
      await Promise.allSettled(this.#voters.map(({ slot }) => this.look(slot, limits.attemptMs)))
      const standing = this.#note(since)
      if (standing === 'known') return undefined
      if (standing === 'own') return this.#held
      if (standing === 'no quorum') break
      // Another process is most likely about to decide it: bidding against it would only hold it up.
      if (look < looksMax) await sleep(clock, random() * lookAgainMs * look)
    }
    return this.settle()
  }

  /** Where the log of a store ends, by its seat where it may have one. Rejects when it does not answer. */
  async look(slot: EngineSlot, ms: number): Promise<LogHead> {
    const voter = this.#voters.find(one => one.slot === slot)
    if (voter === undefined || slot.learner !== undefined) return headOf(slot, ms)
    const askedAt = this.#parts.clock.now()
    const reading = await voter.member.look()
    voter.look = { askedAt, reading }
    return reading.head
  }

  /** To be called after looks: confirms what is known by them, and does what they show to be needed. */
  async tend(): Promise<void> {
    const { clock, log } = this.#parts
    const standing = this.#note()
    if (standing !== 'undecided') this.#undecidedSince = undefined
    else this.#undecidedSince ??= clock.now()
    if (this.#tending || this.#closed) return
    this.#tending = true
    try {
      const isLeftOver =
        this.#undecidedSince !== undefined && clock.now() - this.#undecidedSince > undecidedMs
      if (!this.#proposer.busy && (standing === 'no quorum' || isLeftOver)) await this.settle()
      for (const { slot, member } of this.#voters) {
        if (slot.admitted && slot.answering && this.isWaiting(slot) && this.#isNear(slot))
          await this.#run(() => this.#proposer.admit(member))
      }
    } catch (failure) {
      log.warn('db.quorum.not_tended', { error: failure })
    } finally {
      this.#tending = false
    }
  }

  /** Near enough to the end of the log to take its seat; the rest comes with it. */
  #isNear(slot: EngineSlot): boolean {
    return this.#parts.frontier.head.seq - slot.seq <= nearMax
  }

  /** Are these stores, as they were when they were looked at last, a majority of the members? */
  isQuorum(slots: readonly EngineSlot[]): boolean {
    return this.#quorumOf(this.#voters.filter(({ slot }) => slots.includes(slot))) !== undefined
  }

  /** Is this store without a vote although it may have one? */
  isWaiting(slot: EngineSlot): boolean {
    const voter = this.#voters.find(one => one.slot === slot)
    if (voter === undefined || slot.learner !== undefined) return false
    const members = this.#quorumOf(this.#voters.filter(other => other.slot.admitted))
    return members !== undefined && !members.includes(voter)
  }

  close(): void {
    this.#closed = true
    for (const { seat } of this.#voters) seat.close()
  }

  #voter(slot: EngineSlot): Voter {
    const { create, clock, random, limits } = this.#parts
    // What is unknown is found out by the proposer, so nothing is repeated here.
    const policy: Policy = { ...once(failover), attemptsMax: 1 }
    const seat = create<SeatStore>({
      domain: 'db',
      agents: [slot.voter()],
      policies: { seat: policy, vote: policy },
      clock,
      random,
      timeoutMs: limits.attemptMs,
      attemptMs: limits.attemptMs,
      agentRunningMax: limits.runningMax,
    })
    const member = new Member({
      name: slot.name,
      mayVote: () => slot.learner === undefined,
      random,
      stands: head => slot.reached(head.seq),
      seat: () => seat.call('seat', undefined, { priority: 'critical' }),
      vote: change => seat.call('vote', change, { priority: 'critical' }),
    })
    return { slot, member, seat, look: undefined }
  }

  #slot(name: string): EngineSlot {
    const slot = this.#parts.slots.find(one => one.name === name)
    if (slot === undefined) throw new TypeError(`no store ${name}`)
    return slot
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    const { clock, idle } = this.#parts
    try {
      return await work()
    } finally {
      // Whoever was waiting has begun by then.
      clock.soon(() => {
        if (!this.#proposer.busy) idle()
      })
    }
  }

  /**
   * What the last looks, if they are not older than `since`, say of the log; when it is known where it ends, that is
   * confirmed. `own`: it goes on with what this process has had chosen, and tells the frontier itself.
   */
  #note(since = -Infinity): 'known' | 'own' | 'undecided' | 'no quorum' {
    const voters = this.#quorumOf(
      this.#voters.filter(({ slot, look }) => slot.admitted && look !== undefined && look.askedAt >= since),
    )
    if (voters === undefined) return 'no quorum'
    const looks = voters.flatMap(({ look }) => (look === undefined ? [] : [look]))
    const heads = looks.map(({ reading }) => reading.head)
    const top = heads.reduce((one, other) => (other.seq > one.seq ? other : one))
    const left = newestAccepted(looks.map(({ reading }) => reading.state)).at(-1)
    if (left !== undefined && left.position.seq > top.seq) {
      return left.position.seq <= (this.#proposer.head?.seq ?? 0) ? 'own' : 'undecided'
    }
    this.#parts.frontier.confirm(top, Math.min(...looks.map(({ askedAt }) => askedAt)))
    return 'known'
  }

  #quorumOf(voters: readonly Voter[]): readonly Voter[] | undefined {
    const voices = voters.flatMap(({ slot, look }) =>
      look === undefined ? [] : [{ name: slot.name, state: look.reading.state }],
    )
    const names = quorumOf(voices)?.map(({ name }) => name)
    return names === undefined ? undefined : voters.filter(({ slot }) => names.includes(slot.name))
  }
}
