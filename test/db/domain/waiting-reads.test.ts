import { expect, test } from 'vitest'
import { createDispatcher } from '../../../dispatch/dispatcher.ts'
import { failover } from '../../../dispatch/policy.ts'
import { CurrentStore } from '../../../subgraphs/db/current-store.ts'
import { EngineSlot } from '../../../subgraphs/db/engine-slot.ts'
import { Frontier } from '../../../subgraphs/db/frontier.ts'
import type { ReachingStore } from '../../../subgraphs/db/reaching-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { manualClock, settled } from '../../support/manual-clock.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'

/** Two stores that hold one entry each while the log goes on to `head`. */
async function twoStores(head: number) {
  const clock = manualClock()
  const frontier = new Frontier(clock)
  const stores = [new MemoryTaskStore(), new MemoryTaskStore()]
  const slots = await Promise.all(
    stores.map(async (store, index) => {
      store.take([entryOf(1, commitOf('c1', task('task_a')))])
      const slot = new EngineSlot({ name: index === 0 ? 'sql' : 'nosql', open: store.open }, frontier, clock)
      slot.opened(await store.open())
      slot.admit(1)
      return slot
    }),
  )
  frontier.confirm({ epoch: 'e', seq: head, commitId: `c${head}` }, clock.now())
  const policy = { ...failover, preference: 'order' } as const
  const limits = { readMs: 200, readAttemptMs: 50 }
  const dispatcher = createDispatcher<ReachingStore>({
    domain: 'db',
    agents: slots.map(slot => slot.agent(['read'])),
    policies: { read: policy },
    clock,
    timeoutMs: limits.readMs,
    attemptMs: limits.readAttemptMs,
  })
  const current = new CurrentStore({ stores: dispatcher, slots, frontier, clock, limits })
  /** A store takes over all up to there, and is known to have done so. */
  const arrive = (index: number): void => {
    for (let seq = 2; seq <= head; seq++)
      stores[index]?.take([entryOf(seq, commitOf(`c${seq}`, task('task_a', { version: seq })))])
    slots[index]?.reached(head, 1)
  }
  return { clock, stores, slots, current, arrive }
}

const keys = [{ kind: 'task', id: 'task_a' }] as const
const told = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'answered',
    (failure: unknown) => String(failure),
  )

test('a read of the present waits for the first store that arrives there', async () => {
  const { clock, stores, current, arrive } = await twoStores(400)
  const answer = told(current.call('read', keys))
  await clock.run(100)
  expect(stores.flatMap(({ calls }) => calls)).toEqual([])
  arrive(1)
  await settled()
  expect(await answer).toBe('answered')
  expect(stores[1]?.calls).toEqual(['read'])
})

test('it gives up while there is time to say why', async () => {
  const { clock, current } = await twoStores(400)
  const answer = told(current.call('read', keys))
  await clock.run(200)
  expect(await answer).toMatch('all 2 agents of the db domain refused read for now')
})

test('who knows another way does not wait for a store that is far behind', async () => {
  const { clock, current } = await twoStores(400)
  const answer = told(current.call('read', keys, { waits: false }))
  await clock.run(1)
  expect(await answer).toMatch('refused read for now')
})

test('when the only store that is there fails, the next one to arrive answers', async () => {
  const { clock, stores, current, arrive } = await twoStores(2)
  arrive(0)
  const [sql] = stores
  if (sql !== undefined) sql.before = () => Promise.reject(new Error('it was killed'))
  const answer = told(current.call('read', keys))
  await clock.run(5)
  arrive(1)
  await clock.run(60)
  expect(await answer).toBe('answered')
  expect(stores[1]?.calls).toEqual(['read'])
})

test('what is acknowledged after the call began need not be seen', async () => {
  const { clock, stores, current, arrive } = await twoStores(2)
  const answer = told(current.call('read', keys))
  await clock.run(20)
  arrive(0)
  await clock.run(1)
  expect(await answer).toBe('answered')
  expect(stores[0]?.calls).toEqual(['read'])
})

test('what a store was asked before it was opened anew says nothing of what it holds now', async () => {
  const { stores, slots } = await twoStores(2)
  const [[store], [slot]] = [stores, slots]
  if (store === undefined || slot === undefined) throw new Error('no store')
  const { life } = slot
  slot.opened(await store.open())
  slot.admit(0)
  slot.reached(2, life)
  expect(slot.seq).toBe(0)
  slot.reached(1, slot.life)
  expect(slot.seq).toBe(1)
})

test('a store that says it holds less than it did takes no part at once, and is remembered to have lost something', async () => {
  const { slots } = await twoStores(1)
  const [slot] = slots
  slot?.lost(0, slot.life)
  expect(slot?.holds(1)).toBe(false)
  expect(slot?.held).toBe(1)
})
