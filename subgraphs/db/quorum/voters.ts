import type { CreateDispatcher } from '../../../dispatch/dispatcher.ts'
import { type Policy, failover, once } from '../../../dispatch/policy.ts'
import type { Dispatcher } from '../../../dispatch/port.ts'
import type { Clock, Random } from '../../../kernel/clock.ts'
import type { EngineSlot } from '../engine-slot.ts'
import type { LogHead, SeatReading, SeatState, TaskStore } from '../task-store.ts'
import { Member } from './member.ts'
import { newestAccepted } from './newest-accepted.ts'
import { quorumOf } from './roster.ts'
import { sharedWork } from './shared-work.ts'

export interface QuorumLimits {
  /** Time a store has for one vote. Milliseconds. */
  readonly attemptMs: number
  /** Votes and looks at seats one store may have running. */
  readonly runningMax: number
}

export interface VotersParts {
  readonly slots: readonly EngineSlot[]
  readonly create: CreateDispatcher
  readonly clock: Clock
  readonly random: Random
  readonly limits: QuorumLimits
}

type SeatStore = Pick<TaskStore, 'seat' | 'vote'>

/** A seat when it was looked at, by a question asked at `askedAt` (monotonic). */
interface Look {
  readonly askedAt: number
  readonly reading: SeatReading & { readonly state: SeatState }
}

/** One store that may vote, how it is reached, and its seat when it was looked at last. */
interface Voter {
  readonly slot: EngineSlot
  readonly member: Member
  readonly seat: Dispatcher<SeatStore>
  readonly look: () => Promise<Look>
  last: Look | undefined
}

/** How far the log goes, as a majority says. */
export interface Standing {
  /** The end of the longest log among them. */
  readonly top: LogHead
  /** Nothing behind this place had been chosen at `askedAt`. Beyond `top`: something is undecided, as far as they know. */
  readonly reach: number
  readonly askedAt: number
}

/** The stores that may vote, and what their seats were when they were looked at last. */
export class Voters {
  readonly #voters: readonly Voter[]
  readonly #clock: Clock

  constructor(parts: VotersParts) {
    this.#clock = parts.clock
    this.#voters = parts.slots
      .filter(({ source }) => source.learner === undefined)
      .map(slot => openVoter(slot, parts))
  }

  get members(): readonly Member[] {
    return this.#voters.map(({ member }) => member)
  }

  /** The end of a store's log, by its seat; undefined: it has no seat to look at. Rejects when it does not answer. */
  look(slot: EngineSlot): Promise<LogHead> | undefined {
    const voter = this.#voters.find(one => one.slot === slot)
    if (voter === undefined || slot.learner !== undefined) return undefined
    return voter.look().then(({ reading }) => reading.head)
  }

  /**
   * Looks at all seats, and answers as soon as those that answered are a majority: others are not waited for. Undefined
   * when they are none.
   */
  async lookAtMajority(): Promise<Standing | undefined> {
    const since = this.#clock.now()
    const able = this.#voters.filter(({ slot }) => slot.admitted && slot.learner === undefined)
    await new Promise<void>(resolve => {
      let missing = able.length
      if (missing === 0) resolve()
      const note = (): void => {
        if (--missing === 0 || this.#majority(able, since) !== undefined) resolve()
      }
      for (const voter of able) voter.look().then(note, note)
    })
    return this.standing(since)
  }

  /** What the last looks, if they are not older than `since`, say of the log. Undefined: they are no majority. */
  standing(since = -Infinity): Standing | undefined {
    // What one said that does not answer any more may be known to it alone.
    const admitted = this.#voters.filter(({ slot }) => slot.admitted && slot.answering)
    const looks = this.#majority(admitted, since)?.flatMap(({ last }) => (last === undefined ? [] : [last]))
    if (looks === undefined) return undefined
    const heads = looks.map(({ reading }) => reading.head)
    const top = heads.reduce((one, other) => (other.seq > one.seq ? other : one))
    const newest = newestAccepted(looks.map(({ reading }) => reading.state))
    const left = newest?.entries.at(-1)?.position ?? newest?.base
    return {
      top,
      reach: Math.max(top.seq, left?.seq ?? 0),
      askedAt: Math.min(...looks.map(({ askedAt }) => askedAt)),
    }
  }

  /** Are these stores, as they were when they were looked at last, a majority of the members? */
  isMajority(slots: readonly EngineSlot[]): boolean {
    return this.#majority(this.#voters.filter(({ slot }) => slots.includes(slot))) !== undefined
  }

  /** Does it vote, as it said last? */
  hasVote(slot: EngineSlot): boolean {
    return this.#voters.some(voter => voter.slot === slot && voter.last?.reading.state.voting === true)
  }

  /** Stores without a vote although they may have one. */
  get waiting(): readonly { readonly slot: EngineSlot; readonly member: Member }[] {
    const majority = this.#majority(this.#voters.filter(({ slot }) => slot.admitted))
    if (majority === undefined) return []
    return this.#voters.filter(voter => voter.slot.learner === undefined && !majority.includes(voter))
  }

  close(): void {
    for (const { seat } of this.#voters) seat.close()
  }

  #majority(voters: readonly Voter[], since = -Infinity): readonly Voter[] | undefined {
    const voices = voters.flatMap(({ slot, last }) =>
      last === undefined || last.askedAt < since ? [] : [{ name: slot.name, state: last.reading.state }],
    )
    const names = quorumOf(voices)?.map(({ name }) => name)
    return names === undefined ? undefined : voters.filter(({ slot }) => names.includes(slot.name))
  }
}

function openVoter(slot: EngineSlot, { create, clock, random, limits }: VotersParts): Voter {
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
    async seat() {
      const { life, seq } = slot
      const reading = await seat.call('seat', undefined, { priority: 'critical' })
      if (reading.head.seq < seq) slot.lost(reading.head.seq, life)
      else slot.reached(reading.head.seq, life)
      return reading
    },
    async vote(change) {
      const { life } = slot
      const after = await seat.call('vote', change, { priority: 'critical' })
      slot.reached(after.head.seq, life)
      return after
    },
  })
  const look = async (): Promise<Look> => {
    const askedAt = clock.now()
    voter.last = { askedAt, reading: await member.look() }
    return voter.last
  }
  const voter: Voter = { slot, member, seat, look: sharedWork(look), last: undefined }
  return voter
}
