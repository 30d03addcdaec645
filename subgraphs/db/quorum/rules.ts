import type { Accepted, LogEntry, LogHead, SeatReading, SeatState } from '../task-store.ts'
import { type Ballot, compareBallots } from './ballot.ts'

/** What a proposer wants the log to go on with. */
export interface Proposal extends Accepted {
  readonly roster: SeatState['roster']
}

/** The right to say what the log goes on with, as long as nobody bids higher. */
export interface Leading {
  readonly ballot: Ballot
  step: number
  /** The end of the chosen log. */
  head: LogHead
  roster: SeatState['roster']
}

/** What a store must do with a request, by what it holds. */
export type Ruling =
  /** Store `next` and take over `apply`, in one; then it is granted. */
  | { readonly is: 'change'; readonly next: SeatState; readonly apply: readonly LogEntry[] }
  /** It was so already. */
  | { readonly is: 'granted' }
  | { readonly is: 'refused'; readonly why: Refusal }

export type Refusal =
  /** Another proposer has a higher ballot. */
  | 'outbid'
  /** It lacks entries before the proposal and cannot vouch for them. */
  | 'behind'
  /** It has no vote. */
  | 'outsider'

/** Entries that have been chosen, by place; undefined when some of them are not known. */
export type KnownEntries = (after: number, upTo: number) => readonly LogEntry[] | undefined

/**
 * May this ballot lead? A store that says yes never again accepts anything of a lower one, and shows what it accepted
 * last: the proposer must go on with that.
 */
export function rulePromise({ state }: SeatReading, ballot: Ballot): Ruling {
  if (state?.voting !== true) return refused('outsider')
  if (compareBallots(ballot, state.promised) === 0) return { is: 'granted' }
  // Of several who bid for the same round the first has it: the others would only push it out again.
  if (ballot.round <= state.promised.round) return refused('outbid')
  return { is: 'change', next: { ...state, turn: state.turn + 1, promised: ballot }, apply: [] }
}

/**
 * Does this store vouch for what is proposed? Only on top of all that is chosen before: with the proposal it takes over
 * what it lacks of that, or it does not vote. So overwriting what it accepted before never forgets anything that was
 * chosen, and a store that lost its data cannot vote a hole into the log.
 */
export function ruleAccept(reading: SeatReading, proposal: Proposal, known: KnownEntries): Ruling {
  const { state, head } = reading
  if (state?.voting !== true) return refused('outsider')
  if (compareBallots(proposal.ballot, state.promised) < 0) return refused('outbid')
  const before = state.accepted
  if (before !== undefined && compareBallots(before.ballot, proposal.ballot) === 0) {
    if (before.step === proposal.step) return { is: 'granted' }
    if (before.step > proposal.step) return refused('outbid')
  }
  const apply = entriesUpTo(proposal.base, head, known)
  if (apply === undefined) return refused(head.seq > proposal.base.seq ? 'outbid' : 'behind')
  const { ballot, step, base, entries, roster } = proposal
  const next = {
    ...state,
    turn: state.turn + 1,
    promised: ballot,
    accepted: { ballot, step, base, entries },
    roster,
  }
  return { is: 'change', next, apply }
}

/**
 * May this store take its seat, after all others have taken note of its incarnation with this proposal? It vouches for the
 * chosen log before it; what has been chosen since, it may hold already.
 */
export function ruleAdmission(
  { state, head }: SeatReading,
  proposal: Proposal,
  incarnation: string,
  known: KnownEntries,
): Ruling {
  if (state?.incarnation !== incarnation) return refused('outsider')
  const { ballot, step, base, entries, roster } = proposal
  if (state.voting) {
    if (compareBallots(roster.set, state.roster.set) <= 0) return { is: 'granted' }
    // One of several who were founding at once had it vote: what it has promised stays.
    return { is: 'change', next: { ...state, turn: state.turn + 1, roster }, apply: [] }
  }
  const isBeyond = head.seq > base.seq
  const apply = isBeyond ? [] : entriesUpTo(base, head, known)
  if (apply === undefined) return refused('behind')
  const accepted = isBeyond ? undefined : { ballot, step, base, entries }
  const next = { ...state, turn: state.turn + 1, voting: true, promised: ballot, accepted, roster }
  return { is: 'change', next, apply }
}

/**
 * What a log that ends at `head` lacks to end at `base`. What the store accepted itself is no source, even when it ends
 * with the commit that is at `base`: the same commit may have been chosen later, behind other ones.
 */
function entriesUpTo(base: LogHead, head: LogHead, known: KnownEntries): readonly LogEntry[] | undefined {
  if (head.seq === base.seq) return head.commitId === base.commitId ? [] : undefined
  return head.seq > base.seq ? undefined : known(head.seq, base.seq)
}

export function refused(why: Refusal): Ruling {
  return { is: 'refused', why }
}
