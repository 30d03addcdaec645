import { expect, test } from 'vitest'
import { openMemoryCache } from '../../../subgraphs/db/agents/cache/memory-cache.ts'
import type { TaskStore } from '../../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt, codeOf } from '../../contract/store-under-test.ts'

const entries = Array.from({ length: 60 }, (_, index) =>
  entryOf(index + 1, commitOf(`c${index + 1}`, task(`task_${index + 1}`))),
)
const key = (seq: number) => ({ kind: 'task', id: `task_${seq}` }) as const

function cacheOf(options: Parameters<typeof openMemoryCache>[0] = {}): TaskStore {
  // A cache leaves out what these tests do not use.
  return openMemoryCache(options).operations as TaskStore
}

test('a cache that has not been filled yet does not say that something does not exist', async () => {
  const cache = cacheOf()
  expect(await cache.read([key(1)], attempt()).catch(codeOf)).toBe('OVERLOADED')
  await cache.absorb(entries.slice(0, 1), attempt())
  expect(await cache.read([key(1), key(2)], attempt())).toEqual([task('task_1'), undefined])
})

test('more records than it may hold push out the one not used for longest, and then it knows less', async () => {
  const cache = cacheOf({ recordsMax: 3 })
  await cache.absorb(entries.slice(0, 3), attempt())
  await cache.read([key(1)], attempt())
  await cache.absorb(entries.slice(3, 4), attempt())
  expect(await cache.read([key(1), key(3), key(4)], attempt())).toHaveLength(3)
  expect(await cache.read([key(2)], attempt()).catch(codeOf)).toBe('OVERLOADED')
  expect(await cache.read([key(99)], attempt()).catch(codeOf)).toBe('OVERLOADED')
})

test('it answers the part of the log that it still has, and refuses the rest', async () => {
  const cache = cacheOf({ logMax: 20 })
  for (const entry of entries) await cache.absorb([entry], attempt())
  const seqs = async (afterSeq: number, limit: number, newestFirst = false): Promise<unknown> =>
    cache
      .log({ afterSeq, limit, newestFirst }, attempt())
      .then(found => found.map(one => one.position.seq), codeOf)
  expect(await seqs(40, 2)).toEqual([41, 42])
  expect(await seqs(5, 2)).toBe('OVERLOADED')
  expect(await seqs(60, 2)).toEqual([])
  expect(await seqs(61, 2)).toBe('OVERLOADED')
  expect(await seqs(0, 2, true)).toEqual([60, 59])
  expect(await seqs(0, 60, true)).toBe('OVERLOADED')
})

test('limits below 1 are refused', () => {
  expect(() => openMemoryCache({ recordsMax: 0 })).toThrow('recordsMax must be an integer >= 1, got 0')
  expect(() => openMemoryCache({ logMax: 1.5 })).toThrow('logMax must be an integer >= 1, got 1.5')
})
