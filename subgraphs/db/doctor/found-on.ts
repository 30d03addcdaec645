import type { Clock, Random } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { Log } from '../../../kernel/log.ts'
import type { EngineName } from '../engine-slot.ts'
import { found } from '../quorum/founding.ts'
import { type Member, newLife, newName } from '../quorum/member.ts'
import { judge, namesOf } from '../quorum/verdict.ts'
import type { LogEntry, SeatReading } from '../task-store.ts'
import { compareLogs } from './compare-logs.ts'
import { type ClosedStore, ExaminedStore, type OpenStore } from './examined-store.ts'
import { storeMember } from './store-member.ts'
import { seatsOf } from './votes.ts'

export interface FoundOnParts {
  readonly stores: readonly (OpenStore | ClosedStore)[]
  /** What this store holds is what the deployment goes on with. */
  readonly on: EngineName
  /** Members that do not answer and are known to be gone for ever. */
  readonly gone: readonly EngineName[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Founds a deployment anew that has no majority any more, while no process runs on it: with what one store holds, and what
 * it had voted for last, which may lack what others had acknowledged. Rejects with BAD_OPTION where that is not needed or
 * would throw away more than it must, and then nothing was changed.
 */
export async function foundOn(parts: FoundOnParts): Promise<void> {
  const { stores, on, clock, random, log } = parts
  const open = stores.flatMap(store => ('engine' in store ? [new ExaminedStore(store, clock)] : []))
  const closed = stores.flatMap(store => ('why' in store ? [store] : []))
  const base = open.find(({ name }) => name === on)
  if (base?.hasSeat !== true) {
    const why = closed.find(({ name }) => name === on)?.why ?? 'it takes no part, or cannot vote'
    throw refused(`nothing can be founded on ${on}: ${why}`)
  }
  await requireNeeded(parts, open, closed)
  const seated = open.filter(store => store.hasSeat)
  const members = seated.map(store => storeMember(store, random))
  const looks = await Promise.all(members.map(async member => ({ member, ...(await member.look()) })))
  const chosen = looks.find(({ member }) => member.name === on)
  if (chosen === undefined) throw refused(`nothing can be founded on ${on}`)
  const left = votedFor(chosen)
  const reach = chosen.head.seq + left.length
  const longer = looks.find(({ head }) => head.seq > reach)
  if (longer !== undefined) {
    const { name } = longer.member
    throw refused(
      `${name} holds more than ${on} (its log goes to ${longer.head.seq}, not ${reach}): found it on ${name}`,
    )
  }
  // The others first: if this process dies in between, all is as undecided as before, and it can be done again.
  for (const { member } of looks) if (member !== chosen.member) await beginAnew(member, [], random)
  await beginAnew(chosen.member, left, random)
  const founding = await found(members, { round: 1, by: newName(random) }, log)
  if (founding.is !== 'done') throw new EnneadError('UNAVAILABLE', 'a store stopped answering; do it again')
  log.warn('db.quorum.founded_anew', { on, at: reach })
}

async function requireNeeded(
  { on, gone }: FoundOnParts,
  open: readonly ExaminedStore[],
  closed: readonly ClosedStore[],
): Promise<void> {
  const verdict = judge(await seatsOf(open, closed))
  if (verdict.is === 'unfounded') throw refused('the next start founds the deployment; nothing is lost')
  if (verdict.is === 'decided') {
    throw refused(`${namesOf(verdict.by)} decide: stores without a vote get theirs while Ennead runs`)
  }
  const doubtful = verdict.missing.filter(name => gone.every(one => one !== name))
  if (doubtful.length > 0) {
    const told = `${namesOf(doubtful)} may hold what was acknowledged last`
    throw refused(`${told}: start it, or say with --forget ${doubtful.join(',')} that it is gone for ever`)
  }
  const heads = open.map(async store => ({ store, head: await store.ask('head', undefined) }))
  const [fault] = await compareLogs(await Promise.all(heads))
  if (fault !== undefined) {
    const way = `${fault.says}; move the data of the one away that is wrong, then found it on ${on}`
    throw new EnneadError('STORE_DIVERGED', `${fault.store}: ${way}`)
  }
}

/** What a store has accepted behind the end of its log: most likely it was chosen, and acknowledged. */
function votedFor({ state, head }: SeatReading): readonly LogEntry[] {
  if (state?.accepted === undefined) return []
  const { base, entries } = state.accepted
  const at = entries.find(({ position }) => position.seq === head.seq)?.commit.id
  const isItsEnd = head.seq === base.seq ? head.commitId === base.commitId : head.commitId === at
  return isItsEnd ? entries.filter(({ position }) => position.seq > head.seq) : []
}

async function beginAnew(member: Member, apply: readonly LogEntry[], random: Random): Promise<void> {
  await member.install(({ state }) => ({ is: 'change', next: newLife(state?.turn ?? 0, random), apply }))
}

function refused(why: string): EnneadError {
  return new EnneadError('BAD_OPTION', why)
}
