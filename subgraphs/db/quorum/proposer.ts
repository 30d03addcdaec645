import { type Clock, type Random, sleep } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { addressOf, decideBatch } from '../commit-batch.ts'
import { RecentLog } from '../recent-log.ts'
import type { Commit, CommitFacts, CommitOutcome, LogEntry, LogHead } from '../task-store.ts'
import { gather, voicesOf } from './answers.ts'
import { type Ballot, compareBallots, noBallot } from './ballot.ts'
import type { Answer, Member } from './member.ts'
import { finishAdmission } from './finish-admission.ts'
import { found } from './founding.ts'
import { type LogSources, catchUpMax, chosenEntries, readUp } from './log-sources.ts'
import { announce, dismiss, seat } from './membership.ts'
import { newestAccepted } from './newest-accepted.ts'
import { noQuorum, notFounded, outbid, unknownOutcome, wasOutbid } from './quorum-failure.ts'
import { quorumOf } from './roster.ts'
import type { KnownEntries, Leading } from './rules.ts'

export interface ProposerParts extends LogSources {
  /** The name of this run of this process; nobody else ever has it. */
  readonly id: string
  /** What decides about commits, from a store that stands at what was confirmed last or behind it. */
  readonly facts: (commits: readonly Commit[]) => Promise<CommitFacts>
  /** Is told, in order, what has been chosen, and a time before which it was not (monotonic; -Infinity: not known). */
  readonly chosen: (entries: readonly LogEntry[], since: number) => void
  /** Is told that some store holds the chosen log up to `head`. */
  readonly seen: (head: LogHead) => void
  /** Is told that everything chosen before `askedAt` (monotonic) is in the log up to `head`, or was told as chosen. */
  readonly confirmed: (head: LogHead, askedAt: number) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** How often a proposer bids again when another process has bid higher. */
const bidsMax = 20
/**
 * So long another process that has bid higher is left to lead, so that it can have several batches chosen, and at random a
 * little longer. Measured with test/support/writers-in-memory.ts: with less, processes that write at the same time spend
 * their time on bids; with more, those who wait wait longer.
 */
const tenureMs = { least: 40, jitter: 20 } as const

/**
 * Decides with the other proposers, if there are any, what the log goes on with: a register (CASPaxos) whose value is the
 * log itself, kept by the stores' seats.
 *
 * What holds:
 * - An extension is chosen when a majority has accepted it under one ballot. Whatever is chosen stays: a store accepts
 *   only what extends the chosen log it holds, and a new proposer goes on with the newest that any of a majority accepted.
 * - A ballot has one proposer, and each of its proposals a step of its own; so each extension was accepted under one name.
 * - One proposal is on its way at a time. When its outcome is not known the ballot is given up, and the next one finds out:
 *   the commits, known by their ids, are in the log then, or were not chosen and never will be as they were.
 * - While nobody else bids, a proposal costs one round: the promise for a ballot holds for all its steps.
 */
export class Proposer {
  readonly #parts: ProposerParts
  readonly #known: KnownEntries
  #leading: Leading | undefined
  #round = 0
  /** The highest ballot of another process, and when it was met first (monotonic). */
  #rival: { readonly ballot: Ballot; readonly since: number } = { ballot: noBallot, since: -Infinity }
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(parts: ProposerParts) {
    this.#parts = parts
    this.#known = (after, upTo) => parts.recent.between(after, upTo)
  }

  /** Something is on its way or waits. */
  get busy(): boolean {
    return this.#waiting > 0
  }

  /** The chosen log as this process knows it ends here or later; undefined while it does not lead. */
  get head(): LogHead | undefined {
    return this.#leading?.head
  }

  /**
   * Decides a batch of commits and has it chosen. Rejects with UNKNOWN_COMMIT_OUTCOME when a proposal was sent and its
   * fate could not be found out, otherwise with what was in the way, and nothing happened. `since`: when these commits were asked for first (monotonic).
   */
  commit(
    commits: readonly Commit[],
    since: number,
  ): Promise<{
    readonly outcomes: readonly CommitOutcome[]
    readonly entries: readonly LogEntry[]
  }> {
    let sent = false
    const once = async (leading: Leading): ReturnType<Proposer['commit']> => {
      const { outcomes, entries } = await this.#decide(commits, leading)
      // Also what is in conflict is told only by a proposer that leads still, so that it is in conflict with the present.
      const isNews = entries.length > 0 || outcomes.some(({ is }) => is === 'conflict')
      sent ||= entries.length > 0
      if (isNews) await this.#propose(leading, entries, since)
      return { outcomes, entries }
    }
    return this.#alone(once).catch((failure: unknown) => {
      throw sent ? unknownOutcome(failure) : failure
    })
  }

  /** Finds out what is chosen, finishing what others may have left half-way, and confirms it. */
  settle(): Promise<void> {
    this.#leading = undefined
    return this.#alone(async () => undefined)
  }

  /**
   * Gives a store that is near the end of the log its vote, if it has none. Other work waits while the others agree to it,
   * not while the store takes its seat. Rejects when it, or the others, cannot.
   */
  async admit(member: Member): Promise<void> {
    const { members, log } = this.#parts
    const { state, head } = await member.look()
    const candidate = { member, incarnation: state.incarnation }
    const proposal = await this.#alone(async leading => {
      const isMember = leading.roster.members[member.name] === state.incarnation
      // Where several founded at once, stores may know of other members than those that lead.
      const agrees = compareBallots(state.roster.set, leading.roster.set) === 0
      if (state.voting && isMember && agrees) return undefined
      if (leading.head.seq - head.seq > catchUpMax) {
        throw new EnneadError('UNAVAILABLE', `${member.name} is not near enough to the end of the log yet`)
      }
      requireNewBallot(leading)
      return announce(members, leading, candidate, this.#known)
    })
    if (proposal === undefined) return
    const lacking = new RecentLog()
    lacking.begin(await chosenEntries(this.#parts, member, head.seq, proposal.base.seq))
    await seat(candidate, proposal, (after, upTo) => lacking.between(after, upTo), log)
  }

  /**
   * Takes a member out for good, so that it counts no more. Rejects when no majority agrees, or when it is the only one.
   * Answers whether it was one.
   */
  async forget(name: string): Promise<boolean> {
    const { members, log } = this.#parts
    const was = await this.#alone(async leading => {
      if (!(name in leading.roster.members)) return false
      requireNewBallot(leading)
      await dismiss(members, leading, name, this.#known)
      return true
    })
    if (was) log.warn('db.quorum.forgotten', { member: name })
    return was
  }

  /** One after the other, leading; again when others have bid higher. */
  async #alone<T>(work: (leading: Leading) => Promise<T>): Promise<T> {
    this.#waiting++
    const before = this.#turn
    const mine = (async () => {
      await before
      return this.#persist(work)
    })()
    this.#turn = mine.catch(() => undefined)
    try {
      return await mine
    } finally {
      this.#waiting--
    }
  }

  async #persist<T>(work: (leading: Leading) => Promise<T>): Promise<T> {
    for (let bid = 1; ; bid++) {
      try {
        if (this.#leading === undefined) await this.#yield(bid)
        return await work((this.#leading ??= await this.#lead()))
      } catch (failure) {
        this.#leading = undefined
        if (!wasOutbid(failure) || bid === bidsMax) throw failure
      }
    }
  }

  /** Leaves the lead to another process that took it a moment ago; for less time, the more often it has done so. */
  async #yield(bid: number): Promise<void> {
    const { clock, random } = this.#parts
    const termMs = (tenureMs.least + random() * tenureMs.jitter) / bid
    const waitMs = this.#rival.since + termMs - clock.now()
    if (waitMs > 0) await sleep(clock, waitMs)
  }

  async #decide(commits: readonly Commit[], { head }: Leading): Promise<ReturnType<typeof decideBatch>> {
    const { facts: ask, recent, random } = this.#parts
    const facts = await ask(commits)
    // A store that holds more than is known to be chosen has it from another proposer.
    if (facts.head.seq > head.seq) throw outbid()
    const later = recent.between(facts.head.seq, head.seq)
    if (later === undefined)
      throw new EnneadError('UNAVAILABLE', 'no store is near enough to the end of the log')
    const positions = new Map(facts.positions)
    const versions = new Map(facts.versions)
    for (const { position, commit } of later) {
      positions.set(commit.id, position)
      for (const put of commit.puts) {
        const address = addressOf(put)
        versions.set(address, Math.max(versions.get(address) ?? 0, put.version))
      }
    }
    return decideBatch(commits, {
      head,
      positionOf: id => positions.get(id),
      versionOf: key => versions.get(addressOf(key)) ?? 0,
      random,
    })
  }

  async #propose(leading: Leading, entries: readonly LogEntry[], since: number): Promise<void> {
    const { recent, chosen } = this.#parts
    const last = entries.at(-1)
    const { ballot, head: base, roster } = leading
    const proposal = { ballot, step: ++leading.step, base, entries, roster }
    const answers = await this.#gather(member => member.accept(proposal, this.#known))
    if (quorumOf(voicesOf(answers)) === undefined) throw noQuorum(answers)
    if (last === undefined) return
    leading.head = { ...last.position, commitId: last.commit.id }
    recent.offer(entries)
    chosen(entries, since)
  }

  /** Bids until a majority promises, learns where the log ends, and has it end there for all. */
  async #lead(): Promise<Leading> {
    const { id, members, clock, confirmed, log } = this.#parts
    const askedAt = clock.now()
    const seen = members.map(member => member.known?.state?.promised.round ?? 0)
    this.#round = Math.max(this.#round, ...seen) + 1
    const ballot = { round: this.#round, by: id }
    const answers = await this.#gather(member => member.promise(ballot))
    const voices = quorumOf(voicesOf(answers))
    if (voices === undefined) {
      const failure = noQuorum(answers)
      if (wasOutbid(failure)) throw failure
      const founding = await found(members, ballot, log)
      if (founding.is === 'waiting') throw notFounded(founding.for, failure)
      if (founding.is === 'out of place' && !(await finishAdmission(this.#parts, log))) throw failure
      return this.#lead()
    }
    const states = voices.map(({ state }) => state)
    const heads = answers.flatMap(({ name, answer }) =>
      answer?.is === 'granted' && voices.includes(answer.voice) ? [{ name, head: answer.head }] : [],
    )
    const top = heads.reduce((one, other) => (other.head.seq > one.head.seq ? other : one))
    await readUp(this.#parts, top, Math.min(...heads.map(({ head }) => head.seq)))
    const roster = states
      .map(state => state.roster)
      .reduce((a, b) => (compareBallots(b.set, a.set) > 0 ? b : a))
    const leading: Leading = { ballot, step: 0, head: top.head, roster }
    this.#parts.seen(top.head)
    log.info('db.quorum.leading', { ballot: `${ballot.round}.${ballot.by}`, at: top.head.seq })
    // It may have been chosen, or may yet be by nobody but this proposer.
    const accepted = newestAccepted(states)?.entries ?? []
    const left = accepted.filter(({ position }) => position.seq > top.head.seq)
    if (left.length > 0) await this.#propose(leading, left, -Infinity)
    confirmed(leading.head, askedAt)
    return leading
  }

  #gather(ask: (member: Member) => Promise<Answer>): ReturnType<typeof gather> {
    return gather(this.#parts.members, async member => {
      const answer = await ask(member)
      if (answer.is === 'refused') this.#meet(answer.state.promised)
      return answer
    })
  }

  #meet(ballot: Ballot): void {
    this.#round = Math.max(this.#round, ballot.round)
    if (ballot.by === this.#parts.id || compareBallots(ballot, this.#rival.ballot) <= 0) return
    this.#rival = { ballot, since: this.#parts.clock.now() }
  }
}

/** Rosters are told apart by their ballots, so that each change of the members needs another one: bids again. */
function requireNewBallot({ ballot, roster }: Leading): void {
  if (compareBallots(roster.set, ballot) === 0) throw outbid()
}
