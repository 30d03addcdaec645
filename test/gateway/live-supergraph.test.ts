import { expect, test } from 'vitest'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { composeForTest } from '../support/federated.ts'
import { manualClock, settled } from '../support/manual-clock.ts'
import { memoryFeed } from '../support/memory-feed.ts'

const [one, two, three] = ['one', 'two', 'three'].map(name =>
  composeForTest({ a: { sdl: `type Query { ${name}: Int }` } }),
) as [string, string, string]
const hashOf = (sdl: string): string => loadSupergraph(sdl).hash
const gone = new EnneadError('SUPERGRAPH_INVALID', 'the registry is gone')

test('rolling back serves the one before, and what was rolled back from is not taken again by itself', async () => {
  const feed = memoryFeed(one)
  const live = await liveSupergraph(feed)
  feed.offer(two)
  await settled()
  expect(live.status()).toMatchObject({ hash: hashOf(two), earlier: [hashOf(one)] })
  expect(await live.rollback()).toBe(hashOf(one))
  feed.offer(two)
  await settled()
  expect(live.status()).toMatchObject({
    hash: hashOf(one),
    earlier: [],
    refused: { reason: expect.stringContaining('was rolled back') },
  })
})

test('after a rollback another supergraph is taken as ever', async () => {
  const feed = memoryFeed(one)
  const live = await liveSupergraph(feed)
  feed.offer(two)
  await settled()
  await live.rollback()
  feed.offer(three)
  await settled()
  expect(live.status()).toMatchObject({ hash: hashOf(three), earlier: [hashOf(one)], refused: undefined })
})

test('a reload takes what was rolled back from', async () => {
  const feed = memoryFeed(one)
  const live = await liveSupergraph(feed)
  feed.offer(two)
  await settled()
  await live.rollback()
  expect(await live.reload()).toBe(hashOf(two))
  expect(live.status()).toMatchObject({ hash: hashOf(two), refused: undefined })
})

test('without an earlier one there is nothing to go back to', async () => {
  const live = await liveSupergraph(memoryFeed(one))
  await expect(live.rollback()).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(live.current()?.hash).toBe(hashOf(one))
})

test('only the last few can be gone back to', async () => {
  const feed = memoryFeed(one)
  const live = await liveSupergraph(feed)
  for (let version = 0; version < 9; version++) {
    feed.offer(composeForTest({ a: { sdl: `type Query { v${version}: Int }` } }))
    await settled()
  }
  expect(live.status().earlier).toHaveLength(5)
  for (let step = 0; step < 5; step++) await live.rollback()
  await expect(live.rollback()).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('what the consumer refuses is not taken; the status says why and for how long', async () => {
  const clock = manualClock()
  const feed = memoryFeed(one)
  const live = await liveSupergraph(feed, { clock })
  live.considerBy(async () => {
    throw new EnneadError('SUPERGRAPH_INVALID', 'nobody could plan it')
  })
  clock.advance(1_000)
  feed.offer(two)
  await settled()
  clock.advance(5_000)
  feed.offer(two)
  await settled()
  expect(live.status()).toMatchObject({
    hash: hashOf(one),
    ageMs: 6_000,
    refused: { reason: 'nobody could plan it', ageMs: 5_000, since: expect.stringMatching(/^2026-/) },
  })
})

test('a bad one is judged once, however often the feed says that something changed', async () => {
  const feed = memoryFeed(one)
  const live = await liveSupergraph(feed)
  let judged = 0
  live.considerBy(async () => {
    judged++
    throw new EnneadError('SUPERGRAPH_INVALID', 'no')
  })
  for (let times = 0; times < 4; times++) {
    feed.offer(two)
    await settled()
  }
  expect(judged).toBe(1)
  await expect(live.reload()).rejects.toMatchObject({ message: 'no' })
  expect(judged).toBe(2)
})

test('a feed that fails and comes back with the same supergraph leaves no refusal behind', async () => {
  const feed = memoryFeed(one)
  const live = await liveSupergraph(feed)
  feed.offer(gone)
  await settled()
  expect(live.status().refused?.reason).toBe('the registry is gone')
  feed.offer(one)
  await settled()
  expect(live.status()).toMatchObject({ hash: hashOf(one), refused: undefined, earlier: [] })
})

test('without a good one at the start it rejects, or waits for one when told to', async () => {
  await expect(liveSupergraph(memoryFeed(gone))).rejects.toBe(gone)
  const feed = memoryFeed(gone)
  const live = await liveSupergraph(feed, { withoutFirst: 'wait' })
  expect(live.status()).toMatchObject({
    hash: undefined,
    since: undefined,
    refused: { reason: gone.message },
  })
  feed.offer(one)
  await settled()
  expect(live.status()).toMatchObject({ hash: hashOf(one), refused: undefined })
})

test('changes are made one after the other, and none after the end', async () => {
  const feed = memoryFeed(one)
  const live = await liveSupergraph(feed)
  const steps: string[] = []
  live.considerBy(async ({ hash }) => {
    steps.push(`consider ${hash}`)
    await settled()
    return { commit: () => void steps.push(`commit ${hash}`), drop: () => void steps.push(`drop ${hash}`) }
  })
  feed.offer(two)
  const [, back] = await Promise.all([settled(), live.rollback()])
  expect(back).toBe(hashOf(one))
  expect(steps).toEqual([two, one].flatMap(sdl => [`consider ${hashOf(sdl)}`, `commit ${hashOf(sdl)}`]))
  feed.offer(three)
  await Promise.resolve()
  await live.close()
  expect(live.current()?.hash).toBe(hashOf(one))
  await expect(live.reload()).rejects.toMatchObject({ code: 'CANCELLED' })
})
