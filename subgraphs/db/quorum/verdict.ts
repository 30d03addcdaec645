import type { SeatState } from '../task-store.ts'
import { compareBallots } from './ballot.ts'
import { quorumOf } from './roster.ts'

/** A store as it was asked for its seat; no state: it has none. */
export type SeatSight =
  | { readonly name: string; readonly is: 'seen'; readonly state: SeatState | undefined }
  /** It does not answer. */
  | { readonly name: string; readonly is: 'away' }
  /** It follows only, whatever seat it has. */
  | { readonly name: string; readonly is: 'learner' }

/** Whether stores decide, and what is in the way. */
export type Verdict =
  | { readonly is: 'decided'; readonly by: readonly string[] }
  /** No store that answers knows of any member. */
  | { readonly is: 'unfounded' }
  | {
      readonly is: 'undecided'
      /** Members that are there with their votes. */
      readonly there: readonly string[]
      /** Members that answer, and have lost what they held, and their votes with it. */
      readonly lost: readonly string[]
      /** Members that do not answer, or are switched off, or follow only: with them there could be a majority. */
      readonly missing: readonly string[]
      /** Whatever comes back, those that are left are no majority. */
      readonly forEver: boolean
    }

/** Judges whether a majority of the members can decide, by what their seats say. */
export function judge(sights: readonly SeatSight[]): Verdict {
  const seen = sights.flatMap(sight =>
    sight.is === 'seen' && sight.state !== undefined ? [{ name: sight.name, state: sight.state }] : [],
  )
  const majority = quorumOf(seen)
  if (majority !== undefined) return { is: 'decided', by: majority.map(({ name }) => name) }
  const [first, ...others] = seen.map(({ state }) => state.roster)
  if (first === undefined) return { is: 'unfounded' }
  const { members } = others.reduce(
    (one, other) => (compareBallots(other.set, one.set) > 0 ? other : one),
    first,
  )
  const names = Object.keys(members)
  if (names.length === 0) return { is: 'unfounded' }
  const answers = new Map(sights.flatMap(sight => (sight.is === 'seen' ? [[sight.name, sight.state]] : [])))
  const there = names.filter(name => answers.get(name)?.incarnation === members[name])
  const lost = names.filter(name => answers.has(name) && !there.includes(name))
  const missing = names.filter(name => !answers.has(name))
  return { is: 'undecided', there, lost, missing, forEver: (names.length - lost.length) * 2 <= names.length }
}

/** What an operator can do about stores that do not decide. */
export function wayOut({
  there,
  lost,
  missing,
  forEver,
}: Extract<Verdict, { readonly is: 'undecided' }>): string {
  const [left = 'what is left'] = there
  const base = `ennead doctor --found-on ${left}`
  if (forEver) {
    return `${namesOf(lost)} lost ${theirs(lost)} data and with it ${theirs(lost)} vote, and waiting will not change that: restore a backup, or go on with what ${left} holds by ${base} (docs/stores.md, "When no majority is left")`
  }
  if (missing.length === 0) return 'retry'
  const gone = `if ${missing.length > 1 ? 'they are' : 'it is'} gone for ever: ${base} --forget ${missing.join(',')} (docs/stores.md, "When no majority is left")`
  return `start ${missing.join(' or ')}; ${gone}`
}

/** Names in a sentence. */
export function namesOf(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function theirs(names: readonly string[]): string {
  return names.length > 1 ? 'their' : 'its'
}
