import type { Random } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { SeatChange, SeatReading, SeatState } from '../task-store.ts'
import { type Ballot, noBallot } from './ballot.ts'
import type { Voice } from './roster.ts'
import {
  type KnownEntries,
  type Proposal,
  type Refusal,
  type Ruling,
  ruleAccept,
  rulePromise,
} from './rules.ts'

/** How a store's seat is reached. Calls end by themselves, and may have happened when they fail. */
export interface SeatCalls {
  readonly seat: () => Promise<SeatReading>
  readonly vote: (change: SeatChange) => Promise<SeatReading & { readonly changed: boolean }>
}

export interface MemberParts extends SeatCalls {
  readonly name: string
  /** False: it is known to have no seat. */
  readonly mayVote: () => boolean
  readonly random: Random
}

/** What a store answered: with its word, when it granted it. */
export type Answer =
  | { readonly is: 'granted'; readonly voice: Voice; readonly head: SeatReading['head'] }
  | { readonly is: 'refused'; readonly why: Refusal; readonly state: SeatState }

interface Request {
  readonly rule: (reading: SeatReading) => Ruling
  readonly resolve: (answer: Answer) => void
  readonly reject: (failure: unknown) => void
}

/** No life of a seat has so many turns. */
const lifeTurns = 2 ** 40

/** Others may change the seat in between so many times. */
const roundsMax = 20

/**
 * One store of the quorum, as a proposer sees it. It has one request on its way, and at most one waits: the newest, since
 * what a slow store lacks comes with that. What the seat holds is remembered, so that a request costs one round trip as
 * long as nobody else changes it.
 */
export class Member {
  readonly name: string
  readonly #parts: MemberParts
  #known: SeatReading | undefined
  #running = false
  #next: Request | undefined
  #newestTurn = 0

  constructor(parts: MemberParts) {
    this.name = parts.name
    this.#parts = parts
  }

  get mayVote(): boolean {
    return this.#parts.mayVote()
  }

  /** The seat when it was last seen; undefined: not since it failed. */
  get known(): SeatReading | undefined {
    return this.#known
  }

  promise(ballot: Ballot): Promise<Answer> {
    return this.#ask(reading => rulePromise(reading, ballot))
  }

  accept(proposal: Proposal, known: KnownEntries): Promise<Answer> {
    return this.#ask(reading => ruleAccept(reading, proposal, known))
  }

  /** Changes the seat as `rule` says. For founding and admission only. */
  install(rule: (reading: SeatReading) => Ruling): Promise<Answer> {
    return this.#ask(rule)
  }

  /** Looks at the seat; makes one where none is. */
  async look(): Promise<SeatReading & { readonly state: SeatState }> {
    for (let round = 0; round < roundsMax; round++) {
      const reading = this.#learn(await this.#parts.seat())
      const state = this.#stateOf(reading)
      if (state !== undefined) return { ...reading, state }
      await this.#begin(reading)
    }
    throw this.#restless()
  }

  #ask(rule: Request['rule']): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = { rule, resolve, reject }
      if (!this.#running) {
        void this.#run(request)
        return
      }
      this.#next?.reject(new EnneadError('OVERLOADED', `${this.name} is asked something newer instead`))
      this.#next = request
    })
  }

  async #run({ rule, resolve, reject }: Request): Promise<void> {
    this.#running = true
    try {
      resolve(await this.#decide(rule))
    } catch (failure) {
      // What was asked for may have been stored, or be stored later: only the seat itself can tell.
      this.#known = undefined
      reject(failure)
    }
    this.#running = false
    const next = this.#next
    this.#next = undefined
    if (next !== undefined) void this.#run(next)
  }

  async #decide(rule: Request['rule']): Promise<Answer> {
    for (let round = 0; round < roundsMax; round++) {
      const reading = this.#known ?? this.#learn(await this.#parts.seat())
      const state = this.#stateOf(reading)
      if (state === undefined) {
        await this.#begin(reading)
        continue
      }
      const ruling = rule(reading)
      if (ruling.is === 'refused') return { is: 'refused', why: ruling.why, state }
      if (ruling.is === 'granted') return this.#granted(state, reading.head)
      const change = { turn: state.turn, head: reading.head, next: ruling.next, apply: ruling.apply }
      const after = await this.#parts.vote(change)
      this.#learn(after)
      if (after.changed) return this.#granted(ruling.next, after.head)
    }
    throw this.#restless()
  }

  #granted(state: SeatState, head: SeatReading['head']): Answer {
    return { is: 'granted', voice: { name: this.name, state }, head }
  }

  #learn({ state, head }: SeatReading): SeatReading {
    this.#known = { state, head }
    return this.#known
  }

  /**
   * The seat, if it is one that remembers all it ever said: a log shorter than it vouched for, or a turn that has been
   * seen higher, is that of a store which lost data or was put back to an older state. It begins a new life.
   */
  #stateOf({ state, head }: SeatReading): SeatState | undefined {
    if (state === undefined) return undefined
    if (head.seq < (state.accepted?.base.seq ?? 0) || state.turn < this.#newestTurn) return undefined
    this.#newestTurn = state.turn
    return state
  }

  async #begin({ state, head }: SeatReading): Promise<void> {
    const turn = state?.turn ?? 0
    const { random } = this.#parts
    const next = newLife(Math.max(turn, this.#newestTurn), random)
    this.#learn(await this.#parts.vote({ turn, head, next, apply: [] }))
  }

  #restless(): EnneadError {
    return new EnneadError(
      'OVERLOADED',
      `others changed the seat of ${this.name} ${roundsMax} times in between`,
    )
  }
}

/** The seat of a store that remembers nothing of what it said before. `turn`: the highest that is known of it. */
export function newLife(turn: number, random: Random): SeatState {
  return {
    // Far from any turn of another life, to which a request that is still on its way may belong.
    turn: turn + 1 + Math.floor(random() * lifeTurns),
    incarnation: newName(random),
    voting: false,
    promised: noBallot,
    accepted: undefined,
    roster: { set: noBallot, members: {} },
  }
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** A name of 16 characters that nobody else makes. */
export function newName(random: Random): string {
  return Array.from({ length: 16 }, () => alphabet.charAt(Math.floor(random() * 32))).join('')
}
