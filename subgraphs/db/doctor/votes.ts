import type { SeatState } from '../task-store.ts'
import { engineNames } from '../engine-slot.ts'
import { type SeatSight, type Verdict, judge, namesOf, wayOut } from '../quorum/verdict.ts'
import type { ClosedStore, ExaminedStore } from './examined-store.ts'
import type { Finding, VotesReport } from './finding.ts'

/** What the seats of the stores say of who decides. */
export async function seatsOf(
  open: readonly ExaminedStore[],
  closed: readonly ClosedStore[],
): Promise<readonly SeatSight[]> {
  const sights = open.map(async (store): Promise<SeatSight> => {
    if (store.learner !== undefined) return { name: store.name, is: 'learner' }
    return { name: store.name, is: 'seen', state: (await store.ask('seat', undefined)).state }
  })
  return [...(await Promise.all(sights)), ...closed.map(({ name }): SeatSight => ({ name, is: 'away' }))]
}

/** Who decides, in one line, with what an operator should know of the other stores. */
export function votesReport(
  sights: readonly SeatSight[],
  learners: ReadonlyMap<string, string>,
): VotesReport {
  const verdict = judge(sights)
  const members = membersIn(sights)
  const follow = [...learners].map(([name, why]) => {
    const still = members.includes(name)
      ? `, and still counts as a member: ennead doctor --forget ${name}`
      : ''
    return `${name} has none (${why})${still}`
  })
  return { verdict, says: [decisionOf(verdict, sights, members), ...follow].join('; ') }
}

/** What of it is a difference: stores that will not decide again by themselves. */
export function voteFindings({ verdict }: VotesReport, closed: readonly ClosedStore[]): readonly Finding[] {
  if (verdict.is !== 'undecided') return []
  const findingOf = (names: readonly string[], says: string): readonly Finding[] =>
    engineNames
      .filter(name => names.includes(name) && closed.every(one => one.name !== name))
      .map(store => ({ store, what: 'vote', says, repairable: false }))
  return [
    ...findingOf(verdict.lost, 'it lost its data, and its vote with it'),
    ...findingOf(verdict.missing, 'it is a member, and is switched off or follows only'),
  ]
}

function decisionOf(verdict: Verdict, sights: readonly SeatSight[], members: readonly string[]): string {
  if (verdict.is === 'unfounded') return 'nobody has one yet: the next start gives them'
  if (verdict.is === 'undecided') return `no majority: ${wayOut(verdict)}`
  const { by } = verdict
  const away = members.filter(name => sights.every(sight => sight.name !== name || sight.is === 'away'))
  const waiting = sights.flatMap(sight =>
    sight.is === 'seen' && !by.includes(sight.name) ? [sight.name] : [],
  )
  return [
    `${namesOf(by)} ${by.length > 1 ? 'decide' : 'decides'}`,
    ...away.map(name => `${name} is a member and is away`),
    ...waiting.map(name => `${name} has none yet`),
  ].join('; ')
}

/** The members as the stores that decide know them. */
function membersIn(sights: readonly SeatSight[]): readonly string[] {
  const verdict = judge(sights)
  const isDeciding = (name: string): boolean => verdict.is === 'decided' && verdict.by.includes(name)
  const states = sights.flatMap((sight): SeatState[] =>
    sight.is === 'seen' && sight.state !== undefined && isDeciding(sight.name) ? [sight.state] : [],
  )
  return Object.keys(states[0]?.roster.members ?? {})
}
