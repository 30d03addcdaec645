import type { FlatFetch } from './flat-plan.ts'

/**
 * When each fetch runs, as a number: after all that it needs. A fetch of entities is put off, as far as those that need it
 * allow, to run with another one of its subgraph: both become one request.
 */
export function waves(
  fetches: readonly FlatFetch[],
  needs: readonly ReadonlySet<number>[],
): readonly number[] {
  const earliest: number[] = []
  for (const needed of needs) {
    earliest.push(
      Math.max(0, ...[...needed].filter(index => index >= 0).map(index => (earliest[index] ?? 0) + 1)),
    )
  }
  const last = Math.max(0, ...earliest)
  const usersOf = fetches.map((_, index) =>
    needs.flatMap((needed, user) => (needed.has(index) ? [user] : [])),
  )
  const inOrder = [...fetches.entries()]
  // Those that need a fetch stand behind it in the plan.
  const backwards = inOrder.toReversed()
  const latest: number[] = []
  for (const [index] of backwards) latest[index] = before(usersOf[index] ?? [], latest, last)
  // Where some have to run, others can join them.
  const taken = new Set(
    inOrder
      .filter(([index, { entity }]) => entity !== undefined && earliest[index] === latest[index])
      .map(([index, { subgraph }]) => `${subgraph} ${latest[index]}`),
  )
  const chosen: number[] = []
  for (const [index, { subgraph, entity }] of backwards) {
    const first = earliest[index] ?? 0
    let wave = entity === undefined ? first : before(usersOf[index] ?? [], chosen, last)
    while (wave > first && !taken.has(`${subgraph} ${wave}`)) wave--
    chosen[index] = wave
    if (entity !== undefined) taken.add(`${subgraph} ${wave}`)
  }
  return chosen
}

/** The last wave before those of `users`. */
function before(users: readonly number[], wavesOf: readonly number[], last: number): number {
  return Math.min(last, ...users.map(user => (wavesOf[user] ?? last) - 1))
}
