import type { Dispatcher } from '../../../dispatch/port.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { type EngineName, type EngineSlot, headOf } from '../engine-slot.ts'
import type { Frontier } from '../frontier.ts'
import type { RecentLog } from '../recent-log.ts'
import type { Commit, CommitOutcome, LogHead, TaskStore } from '../task-store.ts'
import { newName } from './member.ts'
import { Proposer } from './proposer.ts'
import { type Standing, Voters, type VotersParts } from './voters.ts'

export interface QuorumParts extends VotersParts {
  readonly frontier: Frontier
  readonly recent: RecentLog
  /** Stores that stand at the frontier. */
  readonly store: Pick<Dispatcher<TaskStore>, 'call'>
  /** Resolves when enough stores hold the log up to `seq`, or after a while. */
  readonly whenHeld: (seq: number) => Promise<void>
  /** Is told when nothing is on its way any more that would bring the stores what they lack. */
  readonly idle: () => void
  readonly log: Log
}

/** How often a process looks whether what others have proposed is decided, before it decides. */
const looksMax = 6
const lookAgainMs = 8
/** So long something accepted may stay undecided before this process decides it. Milliseconds. */
const undecidedMs = 500
/** A store that lacks no more entries than that is given its vote. */
const nearMax = 500

/**
 * The quorum of a domain's stores: has commits chosen, and sees to it that stores which are new or were away get their
 * votes, that what a process left half-way when it died is finished, and that this process learns what others have had
 * chosen.
 */
export class Quorum {
  readonly #parts: QuorumParts
  readonly #voters: Voters
  readonly #proposer: Proposer
  #held: Promise<void> = Promise.resolve()
  #undecided: { readonly reach: number; readonly since: number } | undefined
  #failure: string | undefined
  #tending = false
  #closed = false

  constructor(parts: QuorumParts) {
    this.#parts = parts
    const { recent, store, frontier, clock, random, log, limits } = parts
    this.#voters = new Voters(parts)
    const timing = { attemptMs: limits.attemptMs, timeoutMs: limits.attemptMs, priority: 'critical' } as const
    this.#proposer = new Proposer({
      id: newName(random),
      members: this.#voters.members,
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
      if (this.#note().is !== 'known') await this.settle()
    } catch (failure) {
      log.warn('db.quorum.none', { error: failure })
    }
    await Promise.allSettled(slots.map(slot => this.look(slot, limits.attemptMs)))
  }

  /** Does the next proposal bring what this store lacks? */
  carries(slot: EngineSlot): boolean {
    const isOnItsWay = this.#proposer.busy && this.#parts.recent.reachesBackTo(slot.seq)
    return isOnItsWay && this.#voters.hasVote(slot)
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
    try {
      await this.#run(() => this.#proposer.settle())
      this.#failure = undefined
    } catch (failure) {
      this.#failure = failure instanceof Error ? failure.message : String(failure)
      throw failure
    }
    await this.#held
  }

  /** Why it could not be found out, when last tried, what has been chosen; undefined: it could. */
  get failure(): string | undefined {
    return this.#failure
  }

  /**
   * Learns what any process has had chosen by now: a question to a majority. What it says to be undecided, the process that
   * proposed it most likely decides next: bidding against it would only hold it up, so that is done in doubt only.
   */
  async learn(): Promise<void> {
    const { random, frontier } = this.#parts
    const first = await this.#voters.lookAtMajority()
    if (first === undefined) return this.settle()
    let now: Standing | undefined = first
    for (let look = 1; now !== undefined && look <= looksMax; look++) {
      if (now.reach === now.top.seq || now.top.seq >= first.reach) {
        return frontier.confirm(now.top, first.askedAt)
      }
      if (frontier.head.seq >= first.reach) return frontier.confirm(frontier.head, first.askedAt)
      // This process has had it chosen, and tells the frontier itself.
      if (this.#isOwn(first)) return this.#held
      await frontier.beyond(first.reach - 1, random() * lookAgainMs * look)
      now = await this.#voters.lookAtMajority()
    }
    return this.settle()
  }

  /** Where the log of a store ends, by its seat where it may have one. Rejects when it does not answer. */
  look(slot: EngineSlot, ms: number): Promise<LogHead> {
    return this.#voters.look(slot) ?? headOf(slot, ms)
  }

  /** To be called after looks: confirms what is known by them, and does what they show to be needed. */
  async tend(): Promise<void> {
    const { clock, log } = this.#parts
    const standing = this.#note()
    if (standing.is !== 'undecided') this.#undecided = undefined
    else if (this.#undecided?.reach !== standing.reach) {
      this.#undecided = { reach: standing.reach, since: clock.now() }
    }
    if (this.#tending || this.#closed) return
    this.#tending = true
    try {
      const isLeftOver = this.#undecided !== undefined && clock.now() - this.#undecided.since > undecidedMs
      if (!this.#proposer.busy && (standing.is === 'no quorum' || isLeftOver)) await this.settle()
      for (const { slot, member } of this.#voters.waiting) {
        if (slot.admitted && slot.answering && this.#isNear(slot))
          await this.#run(() => this.#proposer.admit(member))
      }
    } catch (failure) {
      log.warn('db.quorum.not_tended', { error: failure })
    } finally {
      this.#tending = false
    }
  }

  /** See `DbDomain.forget`. */
  async forget(name: EngineName): Promise<void> {
    const slot = this.#parts.slots.find(one => one.name === name)
    if (slot?.admitted === true && slot.answering && slot.learner === undefined) {
      const way = `switch it off (--disable db.${name}) or have it follow only (--learner ${name}) first, or stop Ennead and forget it then`
      throw new EnneadError('BAD_OPTION', `${name} is there and would have its vote again at once: ${way}`)
    }
    await this.#run(() => this.#proposer.forget(name))
  }

  /** Are these stores, as they were when they were looked at last, a majority of the members? */
  isQuorum(slots: readonly EngineSlot[]): boolean {
    return this.#voters.isMajority(slots)
  }

  /** Is this store without a vote although it may have one? */
  isWaiting(slot: EngineSlot): boolean {
    return this.#voters.waiting.some(voter => voter.slot === slot)
  }

  close(): void {
    this.#closed = true
    this.#voters.close()
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

  /** Confirms where the log ends, if the last looks say so. `own`: this process tells the frontier itself. */
  #note():
    { readonly is: 'known' | 'own' | 'no quorum' } | { readonly is: 'undecided'; readonly reach: number } {
    const standing = this.#voters.standing()
    if (standing === undefined) return { is: 'no quorum' }
    const { reach, top, askedAt } = standing
    if (reach > top.seq) return this.#isOwn(standing) ? { is: 'own' } : { is: 'undecided', reach }
    this.#parts.frontier.confirm(top, askedAt)
    return { is: 'known' }
  }

  #isOwn({ reach }: Standing): boolean {
    return reach <= (this.#proposer.head?.seq ?? 0)
  }

  /** Near enough to the end of the log to take its seat; the rest comes with it. */
  #isNear(slot: EngineSlot): boolean {
    return this.#parts.frontier.head.seq - slot.seq <= nearMax
  }
}
