import type { Attempt } from '../../dispatch/port.ts'
import { addressOf, decideBatch } from '../../subgraphs/db/commit-batch.ts'
import { noBallot } from '../../subgraphs/db/quorum/ballot.ts'
import type {
  Commit,
  CommitOutcome,
  SeatChange,
  SeatReading,
  SeatState,
  TaskStore,
} from '../../subgraphs/db/task-store.ts'

const empty: SeatState = {
  turn: 0,
  incarnation: 'alone',
  voting: false,
  promised: noBallot,
  accepted: undefined,
  roster: { set: noBallot, members: {} },
}

/** The vote by which the entry that `commitTo` would make first of a commit is taken over by a store with this reading. */
export function voteFor({ state = empty, head }: SeatReading, commit: Commit): SeatChange {
  const { entries: apply } = decideBatch([commit], {
    head,
    positionOf: () => undefined,
    versionOf: () => 0,
    random: Math.random,
  })
  return { turn: state.turn, head, next: { ...state, turn: state.turn + 1 }, apply }
}

/**
 * Commits to one store alone, as if it were the whole quorum: decides by its facts, and moves its seat with the entries, so
 * that of several who do so at once one goes first. Rejects as the store does.
 */
export async function commitTo(
  store: Pick<TaskStore, 'facts' | 'seat' | 'vote'>,
  commits: readonly Commit[],
  attempt: Attempt,
): Promise<readonly CommitOutcome[]> {
  for (;;) {
    const { state = empty, head } = await store.seat(undefined, attempt)
    const facts = await store.facts(commits, attempt)
    if (facts.head.seq !== head.seq) continue
    const { outcomes, entries: apply } = decideBatch(commits, {
      head,
      positionOf: id => facts.positions.get(id),
      versionOf: key => facts.versions.get(addressOf(key)) ?? 0,
      random: Math.random,
    })
    if (apply.length === 0) return outcomes
    const next = { ...state, turn: state.turn + 1 }
    const { changed } = await store.vote({ turn: state.turn, head, next, apply }, attempt)
    if (changed) return outcomes
  }
}
