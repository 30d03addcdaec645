import { expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { found } from '../../../subgraphs/db/quorum/founding.ts'
import { Member } from '../../../subgraphs/db/quorum/member.ts'
import { quorumOf } from '../../../subgraphs/db/quorum/roster.ts'
import type { Ballot } from '../../../subgraphs/db/quorum/ballot.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt } from '../../contract/store-under-test.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const names = ['sql', 'nosql', 'cache'] as const
const ballot = (by: string): Ballot => ({ round: 1, by })

/** Members as a process sees them that dies when it has changed seats so many times. */
function membersOf(stores: readonly MemoryTaskStore[], seed: number, votesMax = Infinity): readonly Member[] {
  const random = seededRandom(seed)
  let votes = 0
  return stores.map((store, index) => {
    return new Member({
      name: names[index] ?? '',
      mayVote: () => true,
      random,
      seat: () => store.operations.seat(undefined, attempt()),
      vote: change => {
        if (++votes > votesMax) return Promise.reject(new Error('the process was killed'))
        return store.operations.vote(change, attempt())
      },
    })
  })
}

function storesWith(entries: number): readonly MemoryTaskStore[] {
  const log = Array.from({ length: entries }, (_, index) =>
    entryOf(index + 1, commitOf(`c${index + 1}`, task(`task_${index + 1}`))),
  )
  return names.map(() => {
    const store = new MemoryTaskStore()
    store.take(log)
    return store
  })
}

function deciding(stores: readonly MemoryTaskStore[]): number {
  const voices = stores.flatMap(({ seat }, index) =>
    seat === undefined ? [] : [{ name: names[index] ?? '', state: seat }],
  )
  return quorumOf(voices)?.length ?? 0
}

/** Three seats are made, then three members. */
const changes = 6

test.each([
  ['new', 0],
  ['of a single writer', 3],
])(
  'stores that are %s are founded by the next process, wherever the first one died',
  async (_what, entries) => {
    for (let votes = 0; votes <= changes; votes++) {
      const stores = storesWith(entries)
      // Told that it was killed, or that too few answered.
      await found(membersOf(stores, 1, votes), ballot('first'), silentLog).catch(() => undefined)
      const next = membersOf(stores, 2)
      await found(next, ballot('next'), silentLog)
      expect([votes, deciding(stores)]).toEqual([votes, 3])
      expect(await found(next, ballot('next'), silentLog)).toEqual({ is: 'out of place' })
    }
  },
)

test('a store that was restored begins alone, once all are seen, and the empty ones follow it, never without it', async () => {
  const [sql = new MemoryTaskStore()] = storesWith(3)
  const stores = [sql, new MemoryTaskStore(), new MemoryTaskStore()]
  const away = (): Promise<void> => Promise.reject(new Error('it is away'))
  for (const [index, store] of stores.entries()) {
    store.before = away
    // Another one may hold more; two empty ones know nothing of the one that holds it all.
    const early = await found(membersOf(stores, 1), ballot('early'), silentLog)
    expect(early).toEqual({ is: 'waiting', for: [names[index]] })
    store.before = undefined
  }
  expect(await found(membersOf(stores, 1), ballot('first'), silentLog)).toEqual({ is: 'done' })
  expect(stores.map(({ seat }) => seat?.voting)).toEqual([true, false, false])
  expect(Object.keys(sql.seat?.roster.members ?? {})).toEqual(['sql'])
})

test('a store that lost its data is given no vote by that, although one of the others has taken note of it', async () => {
  const stores = storesWith(0)
  const [sql, nosql, cache] = stores
  await found(membersOf(stores, 1), ballot('first'), silentLog)
  cache?.clear()
  const members = membersOf(stores, 2)
  const { state } = (await members[2]?.look()) ?? {}
  // The first half of an announcement: nosql did not hear of it, and may know of what cache had voted for.
  const seat = sql?.seat
  if (sql === undefined || seat === undefined || state === undefined) throw new Error('nothing was founded')
  const set = { round: 2, by: 'first' }
  const roster = { set, members: { ...seat.roster.members, cache: state.incarnation } }
  const accepted = { ballot: set, step: 1, base: sql.head(), entries: [] }
  sql.seat = { ...seat, turn: seat.turn + 1, promised: set, accepted, roster }
  if (nosql !== undefined) nosql.before = () => Promise.reject(new Error('it is away'))
  expect(await found(members, { round: 3, by: 'next' }, silentLog)).toEqual({ is: 'out of place' })
  expect(cache?.seat?.voting).toBe(false)
})
