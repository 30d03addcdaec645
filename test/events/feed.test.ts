import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Feed, type FeedLimits } from '../../events/feed.ts'
import { eventually } from '../service/fixture.ts'
import { MemoryLog, type Note } from './memory-log.ts'

const quick: Partial<FeedLimits> = { restMs: 1, restMsMax: 2, waitMs: 200 }

function feedOf(log: MemoryLog, limits: Partial<FeedLimits> = {}): Feed<Note, string> {
  return new Feed({ source: log, limits: { ...quick, ...limits } })
}

async function take(listener: AsyncIterator<Note>, count: number): Promise<number[]> {
  const seqs: number[] = []
  while (seqs.length < count) {
    const { done, value } = await listener.next()
    if (done === true) break
    seqs.push(value.position.seq)
  }
  return seqs
}

test('a listener with a cursor gets everything behind it, then what happens', async () => {
  const log = new MemoryLog()
  for (let count = 0; count < 5; count++) log.append()
  const feed = feedOf(log)
  const listener = feed.attach({ after: { epoch: 'first', seq: 2 }, wanted: () => true })
  expect(await take(listener, 3)).toEqual([3, 4, 5])
  log.append()
  expect(await take(listener, 1)).toEqual([6])
  feed.close()
})

test('a listener without a cursor gets only what happens from now on', async () => {
  const log = new MemoryLog()
  log.append()
  const feed = feedOf(log)
  const first = feed.attach({ wanted: () => true })
  const next = take(first, 1)
  await eventually(() => log.reads >= 2)
  log.append()
  expect(await next).toEqual([2])
  const second = feed.attach({ wanted: () => true })
  log.append()
  expect(await take(second, 1)).toEqual([3])
  feed.close()
})

test('leaving settles a waiting next at once and stops the follower after its linger', async () => {
  const log = new MemoryLog()
  const feed = feedOf(log, { lingerMs: 20 })
  const listener = feed.attach({ wanted: () => true })
  const waiting = listener.next()
  await listener.return?.()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(feed.following).toBe(true)
  await eventually(() => !feed.following)
  expect(feed.listening).toBe(0)
})

test('aborting its signal ends a listener', async () => {
  const feed = feedOf(new MemoryLog())
  const left = new AbortController()
  const listener = feed.attach({ signal: left.signal, wanted: () => true })
  const waiting = listener.next()
  left.abort()
  expect((await waiting).done).toBe(true)
  expect(feed.attach({ signal: left.signal, wanted: () => true }).next()).toBeInstanceOf(Promise)
  expect(feed.listening).toBe(0)
  feed.close()
})

test('an outage of the log is not told to listeners; they go on where they were', async () => {
  const log = new MemoryLog()
  const feed = feedOf(log)
  const listener = feed.attach({ after: log.head, wanted: () => true })
  const next = take(listener, 2)
  log.append()
  await eventually(() => log.reads >= 2)
  log.outage(true)
  log.append()
  const readsBefore = log.reads
  await eventually(() => log.reads > readsBefore + 2)
  log.outage(false)
  expect(await next).toEqual([1, 2])
  feed.close()
})

test('a log that is out when the first listener comes is waited for', async () => {
  const log = new MemoryLog()
  log.append()
  log.outage(true)
  const feed = feedOf(log)
  const next = take(feed.attach({ after: { epoch: 'first', seq: 0 }, wanted: () => true }), 1)
  await eventually(() => log.reads >= 2)
  log.outage(false)
  expect(await next).toEqual([1])
  feed.close()
})

test('a cursor of another epoch is CURSOR_EXPIRED', async () => {
  const log = new MemoryLog()
  const feed = feedOf(log)
  const listener = feed.attach({ after: { epoch: 'other', seq: 0 }, wanted: () => true })
  await expect(listener.next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
  expect((await listener.next()).done).toBe(true)
  expect(feed.listening).toBe(0)
  feed.close()
})

test('a cursor behind which entries are no longer kept is CURSOR_EXPIRED', async () => {
  const log = new MemoryLog()
  for (let count = 0; count < 9; count++) log.append()
  log.forgetTo(5)
  const feed = feedOf(log)
  const listener = feed.attach({ after: { epoch: 'first', seq: 4 }, wanted: () => true })
  await expect(listener.next()).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
  const kept = feed.attach({ after: { epoch: 'first', seq: 5 }, wanted: () => true })
  expect(await take(kept, 4)).toEqual([6, 7, 8, 9])
  feed.close()
})

test('when the log begins another life every listener is told, and new ones follow the new one', async () => {
  const log = new MemoryLog()
  log.append()
  const feed = feedOf(log)
  const listener = feed.attach({ after: { epoch: 'first', seq: 0 }, wanted: () => true })
  expect(await take(listener, 1)).toEqual([1])
  const next = listener.next()
  log.beginAnew('second')
  await expect(next).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' })
  const later = feed.attach({ wanted: () => true })
  log.append()
  expect(await take(later, 1)).toEqual([1])
  feed.close()
})

test('a reader slower than the ring is long catches up from the log', async () => {
  const log = new MemoryLog()
  const feed = feedOf(log, { ringMax: 3, pageMax: 2 })
  const slow = feed.attach({ after: log.head, wanted: note => note.topic === 'a', narrow: 'a' })
  const fast = feed.attach({ after: log.head, wanted: () => true })
  for (let count = 0; count < 50; count++) log.append(count % 2 === 0 ? 'a' : 'b')
  expect(await take(fast, 50)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1))
  expect(await take(slow, 25)).toEqual(Array.from({ length: 25 }, (_, index) => 2 * index + 1))
  log.append()
  expect(await take(slow, 1)).toEqual([51])
  feed.close()
})

test('entries nobody may see move the place on without being given', async () => {
  const log = new MemoryLog()
  const feed = feedOf(log)
  const listener = feed.attach({ after: log.head, wanted: () => true })
  const next = take(listener, 1)
  for (let count = 0; count < 20; count++) {
    log.skip()
    await setImmediate()
  }
  log.append()
  expect(await next).toEqual([21])
  feed.close()
})

test('one log read serves every listener', async () => {
  const log = new MemoryLog()
  const feed = feedOf(log)
  const listeners = Array.from({ length: 100 }, () => feed.attach({ wanted: () => true }))
  const all = Promise.all(listeners.map(listener => take(listener, 10)))
  await eventually(() => log.reads >= 2)
  const readsBefore = log.reads
  for (let count = 0; count < 10; count++) log.append()
  for (const seqs of await all) expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  expect(log.reads - readsBefore).toBeLessThanOrEqual(10)
  feed.close()
})

test('a listener too many is refused', () => {
  const feed = feedOf(new MemoryLog(), { listenersMax: 1 })
  feed.attach({ wanted: () => true })
  expect(() => feed.attach({ wanted: () => true })).toThrow(/1 listeners/)
  feed.close()
  expect(() => feed.attach({ wanted: () => true })).toThrow(/shutting down/)
})

test('a limit that is no positive integer is refused with its value', () => {
  expect(() => feedOf(new MemoryLog(), { ringMax: 0 })).toThrow(
    'limits.ringMax must be an integer >= 1, got 0',
  )
})
