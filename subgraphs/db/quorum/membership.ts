import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import type { SeatState } from '../task-store.ts'
import { type Answered, gather, voicesOf } from './answers.ts'
import type { Ballot } from './ballot.ts'
import type { Member } from './member.ts'
import { noQuorum } from './quorum-failure.ts'
import type { KnownEntries, Leading, Proposal } from './rules.ts'

/**
 * Makes the stores of a new deployment, or of one that had a single writer before, the first members. They must be more
 * than half of those configured, so that two processes cannot found two deployments; where there are entries already, all
 * of them, and equal, so that none of them is left behind. Answers whether it did; false: there are members already, or
 * not enough stores.
 */
export async function found(members: readonly Member[], ballot: Ballot, log: Log): Promise<boolean> {
  const voters = members.filter(member => member.mayVote)
  const looks = await Promise.all(voters.map(member => member.look().catch(() => undefined)))
  const seen = voters.flatMap((member, index) => {
    const look = looks[index]
    return look === undefined ? [] : [{ member, ...look }]
  })
  const heads = new Set(seen.map(({ head }) => `${head.seq} ${head.commitId}`))
  const isFounded = seen.some(({ state }) => !isEmpty(state))
  const isFresh = seen.every(({ head }) => head.seq === 0)
  const isMajority = seen.length * 2 > voters.length
  const isWhole = seen.length === voters.length && heads.size === 1
  const enough = isFresh ? isMajority : isWhole
  if (isFounded || !enough) return false
  const roster = {
    set: ballot,
    members: Object.fromEntries(seen.map(({ member, state }) => [member.name, state.incarnation])),
  }
  for (const { member, state: before } of seen) {
    await member.install(({ state }) =>
      state === undefined || !isEmpty(state) || state.incarnation !== before.incarnation
        ? undefined
        : { ...state, turn: state.turn + 1, voting: true, promised: ballot, roster },
    )
  }
  log.info('db.quorum.founded', { members: Object.keys(roster.members) })
  return true
}

function isEmpty({ roster }: SeatState): boolean {
  return Object.keys(roster.members).length === 0
}

/**
 * Gives a store its vote: one that is new, or that lost its data and with it the memory of what it promised. First every
 * other member takes note of its incarnation, under the ballot that leads, so that no majority counts an older one any
 * more; then the store itself, which holds the whole chosen log, takes its seat with a promise for that ballot. Rejects
 * when it does not stand at the end of the log, or one of the others does not answer.
 */
export async function admit(
  members: readonly Member[],
  leading: Leading,
  member: Member,
  known: KnownEntries,
  log: Log,
): Promise<void> {
  const { state, head } = await member.look()
  const { name } = member
  if (state.voting && leading.roster.members[name] === state.incarnation) return
  if (head.seq !== leading.head.seq || head.commitId !== leading.head.commitId) {
    throw new EnneadError('UNAVAILABLE', `${name} is not at the end of the log yet`)
  }
  const { ballot, head: base } = leading
  const roster = { set: ballot, members: { ...leading.roster.members, [name]: state.incarnation } }
  const proposal: Proposal = { ballot, step: ++leading.step, base, entries: [], roster }
  const others = members.filter(other => other !== member && other.name in leading.roster.members)
  const missing = Object.keys(leading.roster.members).filter(
    other => other !== name && !others.some(present => present.name === other),
  )
  const answers = await gather(others, other => other.accept(proposal, known), true)
  requireAll(answers, missing)
  const { entries, step } = proposal
  const accepted = { ballot, step, base, entries }
  await member.install(now =>
    now.state?.incarnation === state.incarnation && now.head.seq === base.seq
      ? { ...now.state, turn: now.state.turn + 1, voting: true, promised: ballot, accepted, roster }
      : undefined,
  )
  leading.roster = roster
  log.info('db.quorum.admitted', { member: name, at: base.seq })
}

function requireAll(answers: readonly Answered[], missing: readonly string[]): void {
  if (missing.length > 0) {
    throw new EnneadError('UNAVAILABLE', `${missing.join(' and ')} must agree, and is switched off`)
  }
  if (voicesOf(answers).length < answers.length) throw noQuorum(answers)
}
