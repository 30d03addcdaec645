import type { Log } from '../../../kernel/log.ts'
import { RecentLog } from '../recent-log.ts'
import type { SeatReading, SeatState } from '../task-store.ts'
import { compareBallots } from './ballot.ts'
import { type LogSources, chosenEntries } from './log-sources.ts'
import type { Member } from './member.ts'
import { seat } from './membership.ts'
import { newestAccepted } from './newest-accepted.ts'

/** A store that may vote, as it was looked at. */
interface Seen extends SeatReading {
  readonly member: Member
  readonly state: SeatState
}

type Roster = SeatState['roster']

/**
 * Seats a store of which all other members have taken note, and which the process that announced it has left without its
 * seat: of two members both are needed, so that there would never be a majority again. Nobody but this store knows less
 * than its announcer did, so that it may be seated by anyone, however late. Answers whether there was one.
 */
export async function finishAdmission(sources: LogSources, log: Log): Promise<boolean> {
  const voters = sources.members.filter(member => member.mayVote)
  const looks = await Promise.all(voters.map(member => member.look().catch(() => undefined)))
  const seen = voters.flatMap((member, index): Seen[] => {
    const look = looks[index]
    return look === undefined ? [] : [{ member, ...look }]
  })
  const [first, ...more] = seen.flatMap(({ state }) => (state.voting ? [state.roster] : []))
  if (first === undefined) return false
  const roster = more.reduce((one, other) => (compareBallots(other.set, one.set) > 0 ? other : one), first)
  const members = seen.filter(({ member, state }) => roster.members[member.name] === state.incarnation)
  // One that is away, or has lost its data, may know of other members.
  if (members.length < Object.keys(roster.members).length) return false
  const isLacking = ({ voting, roster: own }: SeatState): boolean =>
    !voting || compareBallots(own.set, roster.set) < 0
  const lacking = members.filter(({ state }) => isLacking(state))
  const others = members.filter(({ state }) => !isLacking(state))
  if (!others.every(({ state }) => isSame(state.roster, roster))) return false
  const accepted = newestAccepted(others.map(({ state }) => state))
  const [last] = lacking
  if (lacking.length !== 1 || last === undefined || accepted === undefined) return false
  const { member, state, head } = last
  const known = new RecentLog()
  known.begin(await chosenEntries(sources, member, head.seq, accepted.base.seq))
  // Lower than every step of a proposer, so that it is not taken for a vote for one of them.
  const proposal = { ballot: roster.set, step: 0, base: accepted.base, entries: [], roster }
  await seat(
    { member, incarnation: state.incarnation },
    proposal,
    (after, upTo) => known.between(after, upTo),
    log,
  )
  return true
}

function isSame(one: Roster, other: Roster): boolean {
  const names = Object.keys(one.members)
  return (
    names.length === Object.keys(other.members).length &&
    names.every(name => one.members[name] === other.members[name])
  )
}
