import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import { type Answered, gather, voicesOf } from './answers.ts'
import type { Member } from './member.ts'
import { noQuorum } from './quorum-failure.ts'
import { quorumOf } from './roster.ts'
import { type KnownEntries, type Leading, type Proposal, ruleAdmission } from './rules.ts'

/**
 * Has every other member take note of the incarnation of a store that is new, or that lost its data and with it the memory
 * of what it promised: under the ballot that leads, so that no majority counts an older one any more. Answers with what
 * the store may take its seat (`seat`); undefined: it has it. Like a commit this is one round, so that other processes
 * which write can stop it no more than a commit. Rejects when one of the others does not agree.
 */
export async function announce(
  members: readonly Member[],
  leading: Leading,
  { member, incarnation }: Candidate,
  known: KnownEntries,
): Promise<Proposal> {
  const { name } = member
  const { ballot, head: base } = leading
  const roster = { set: ballot, members: { ...leading.roster.members, [name]: incarnation } }
  const proposal: Proposal = { ballot, step: ++leading.step, base, entries: [], roster }
  const others = members.filter(other => other !== member && other.name in leading.roster.members)
  const missing = Object.keys(leading.roster.members).filter(
    other => other !== name && !others.some(present => present.name === other),
  )
  requireAll(await gather(others, other => other.accept(proposal, known), true), missing)
  leading.roster = roster
  return proposal
}

/**
 * The store takes its seat. Nothing needs to wait for it, and others may lead meanwhile: all other members know its
 * incarnation for good, so that every majority before this is one of them alone, and every one after has one of them. It
 * takes over what it lacks of the log as it was chosen when it was announced, and promises that ballot.
 */
export async function seat(
  { member, incarnation }: Candidate,
  proposal: Proposal,
  known: KnownEntries,
  log: Log,
): Promise<void> {
  const answer = await member.install(reading => ruleAdmission(reading, proposal, incarnation, known))
  if (answer.is === 'refused') {
    const why = answer.why === 'behind' ? 'is not near enough to the end of the log' : 'lost its data again'
    throw new EnneadError('UNAVAILABLE', `${member.name} ${why}`)
  }
  log.info('db.quorum.admitted', { member: member.name, at: proposal.base.seq })
}

/**
 * Takes a member out, whether it is there or not. First a majority, and all that stay, take note of who the members are now,
 * under the ballot that leads: otherwise a change that reached some of them only could be followed by this one, and then two majorities
 * might have no store in common. Then all others take note that it is none any more; since one goes at a time, every
 * majority before this has a store of every one after.
 */
export async function dismiss(
  members: readonly Member[],
  leading: Leading,
  name: string,
  known: KnownEntries,
): Promise<void> {
  const { ballot, head: base, roster: now } = leading
  const { [name]: _, ...left } = now.members
  const others = Object.keys(left)
  if (others.length === 0) {
    throw new EnneadError('BAD_OPTION', `${name} is the only store that decides; it cannot be forgotten`)
  }
  const agreed = (roster: Proposal['roster'], names: readonly string[]): Promise<readonly Answered[]> => {
    const proposal: Proposal = { ballot, step: ++leading.step, base, entries: [], roster }
    const asked = members.filter(member => names.includes(member.name))
    return gather(asked, member => member.accept(proposal, known), true)
  }
  const before = await agreed(now, [...others, name])
  if (quorumOf(voicesOf(before)) === undefined) throw noQuorum(before)
  requireAll(
    before.filter(answered => answered.name !== name),
    [],
  )
  // Not the one itself: if it alone had taken note, there would be no majority, neither with it nor without.
  const after = await agreed({ set: ballot, members: left }, others)
  requireAll(
    after,
    others.filter(other => !after.some(answered => answered.name === other)),
  )
  leading.roster = { set: ballot, members: left }
}

/** A store without a vote, in the life in which it is to get one. */
export interface Candidate {
  readonly member: Member
  readonly incarnation: string
}

function requireAll(answers: readonly Answered[], missing: readonly string[]): void {
  if (missing.length > 0) {
    throw new EnneadError('UNAVAILABLE', `${missing.join(' and ')} must agree, and is switched off`)
  }
  if (voicesOf(answers).length < answers.length) throw noQuorum(answers)
}
