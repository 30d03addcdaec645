import type { Follower } from './follower.ts'

/** What all clients of one kind got, against what they should have got. */
export interface Deliveries {
  readonly expected: number
  readonly lost: number
  readonly duplicated: number
  readonly disordered: number
  /** How subscriptions ended that nobody ended. */
  readonly ended: readonly string[]
}

/** @param reference Names of all events, in their order. */
export function compared(followers: readonly Follower[], reference: readonly string[]): Deliveries {
  const place = new Map(reference.map((name, index) => [name, index]))
  const sum = {
    expected: followers.length * reference.length,
    lost: 0,
    duplicated: 0,
    disordered: 0,
    ended: new Set<string>(),
  }
  for (const { seen, ended } of followers) {
    const distinct = new Set(seen)
    sum.lost += reference.filter(name => !distinct.has(name)).length
    sum.duplicated += seen.length - distinct.size
    for (const end of ended) sum.ended.add(JSON.stringify(end))
    let last = -1
    for (const name of seen) {
      const at = place.get(name) ?? -1
      if (at < last) sum.disordered += 1
      last = Math.max(last, at)
    }
  }
  return { ...sum, ended: [...sum.ended] }
}
