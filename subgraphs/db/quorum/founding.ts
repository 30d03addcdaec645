import type { Log } from '../../../kernel/log.ts'
import type { SeatReading, SeatState } from '../task-store.ts'
import type { Ballot } from './ballot.ts'
import type { Member } from './member.ts'
import { refused } from './rules.ts'

/** A store that may vote, as it was looked at. */
interface Seen extends SeatReading {
  readonly member: Member
  readonly state: SeatState
}

type Roster = SeatState['roster']

/** What became of an attempt to found. */
export type Founding =
  /** Stores have their votes now that had none before. */
  | { readonly is: 'done' }
  /** Nothing is known of a deployment, and these stores have not been seen. */
  | { readonly is: 'waiting'; readonly for: readonly string[] }
  /** There are members already, or stores that hold most hold different histories. */
  | { readonly is: 'out of place' }

/**
 * Makes the stores of a new deployment, or of one that had a single writer before, the first members. All that are
 * configured must be seen: one that is away may hold what the others have lost, and two processes that see different
 * stores would found two deployments. Those that hold most begin, so that nothing is left behind: the others follow. What
 * a process that died has begun is gone on with.
 */
export async function found(members: readonly Member[], ballot: Ballot, log: Log): Promise<Founding> {
  const voters = members.filter(member => member.mayVote)
  const looks = await Promise.all(voters.map(member => member.look().catch(() => undefined)))
  const seen = voters.flatMap((member, index): Seen[] => {
    const look = looks[index]
    return look === undefined ? [] : [{ member, ...look }]
  })
  const isWhole = seen.length === voters.length
  const begun = seen.flatMap(({ state }) => (isEmpty(state) ? [] : [state.roster]))
  if (begun.length > 0) {
    return { is: (await finishFounding(seen, begun, isWhole, log)) ? 'done' : 'out of place' }
  }
  if (!isWhole) {
    return { is: 'waiting', for: voters.flatMap(({ name }, index) => (looks[index] ? [] : [name])) }
  }
  const top = Math.max(...seen.map(({ head }) => head.seq))
  const first = seen.filter(({ head }) => head.seq === top)
  if (new Set(first.map(({ head }) => head.commitId)).size > 1) return { is: 'out of place' }
  const roster = {
    set: ballot,
    members: Object.fromEntries(first.map(({ member, state }) => [member.name, state.incarnation])),
  }
  await seatAll(first, roster)
  log.info('db.quorum.founded', { members: Object.keys(roster.members) })
  return { is: 'done' }
}

/**
 * Seats a store that a founder who died, or gave up, has left without its seat. Answers whether there was one. Of several
 * foundings any will do: for each of them all stores were seen, and a store without a seat takes one only.
 */
async function finishFounding(
  seen: readonly Seen[],
  begun: readonly Roster[],
  isWhole: boolean,
  log: Log,
): Promise<boolean> {
  for (const roster of begun) {
    const lacking = seen.filter(
      ({ member, state }) => isEmpty(state) && roster.members[member.name] === state.incarnation,
    )
    if (lacking.length === 0 || !isUntouched(seen, roster, isWhole)) continue
    await seatAll(lacking, roster)
    log.info('db.quorum.founding_finished', { members: lacking.map(({ member }) => member.name) })
    return true
  }
  return false
}

/**
 * Can it be nothing but a founding that was broken off? Then to seat another of its members is what its founder would have
 * done, only later. Otherwise it could be that a store which lost its data is in the roster, and that not all others agree to
 * that yet. So: nothing was ever accepted by any store seen; and the logs are empty, or all stores are seen and are the very
 * ones it names, so that none has lost anything since.
 */
function isUntouched(seen: readonly Seen[], { members }: Roster, isWhole: boolean): boolean {
  if (seen.some(({ state }) => state.accepted !== undefined)) return false
  const isSame = seen.every(({ member, state }) => members[member.name] === state.incarnation)
  return seen.every(({ head }) => head.seq === 0) || (isWhole && isSame)
}

async function seatAll(seen: readonly Seen[], roster: Roster): Promise<void> {
  for (const { member, state: before } of seen) {
    await member.install(({ state }) =>
      state === undefined || !isEmpty(state) || state.incarnation !== before.incarnation
        ? refused('outsider')
        : {
            is: 'change',
            next: { ...state, turn: state.turn + 1, voting: true, promised: roster.set, roster },
            apply: [],
          },
    )
  }
}

function isEmpty({ roster }: SeatState): boolean {
  return Object.keys(roster.members).length === 0
}
