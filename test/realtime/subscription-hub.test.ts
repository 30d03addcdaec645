import { expect, test } from 'vitest'
import { principal } from '../support/demo-gateway.ts'
import { settled } from '../support/manual-clock.ts'
import { hubRig } from './hub-rig.ts'

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

test.each([true, false])(
  'any number of identical subscriptions share one source, one completion and one text of each event (resumable: %s)',
  async resumable => {
    const { engine, join, publish } = hubRig(resumable)
    const all = Array.from({ length: 500 }, () => join())
    await publish(20)
    expect(engine.opened).toBe(1)
    expect(engine.answered).toBe(20)
    for (const each of all) expect(each.seen).toEqual(range(1, 20))
    const texts = new Set(all.flatMap(each => each.deliveries.map(delivery => delivery.closed)))
    expect(texts.size).toBe(20)
  },
)

test('callers who may see different things, or ask for different things, share nothing', async () => {
  const { engine, join, publish } = hubRig(true)
  const inAnHour = Date.now() / 1000 + 3_600
  const alice = join(undefined, { principal: principal('alice', inAnHour) })
  join(undefined, { principal: { ...principal('alice', inAnHour), source: 'another authority', asOf: 1 } })
  expect(engine.opened).toBe(1)
  join(undefined, { principal: principal('bob', inAnHour) })
  join(undefined, { principal: { ...principal('alice', inAnHour), scopes: ['admin'] } })
  join(undefined, { principal: { ...principal('alice', inAnHour), workspaceId: 'workspace_2' } })
  join()
  join(undefined, { topic: 'other numbers' })
  expect(engine.opened).toBe(6)
  await publish()
  expect(alice.seen).toEqual([1])
})

test('the last one to leave lets go of a quiet source at once; others before it change nothing', async () => {
  const { engine, join, publish, hub } = hubRig(true)
  const [first, second, third] = [join(), join(), join()]
  await publish(3)
  first.leave()
  expect(engine.open.size).toBe(1)
  const late = join()
  await publish(2)
  expect([second.seen, third.seen, late.seen]).toEqual([range(1, 5), range(1, 5), [4, 5]])
  for (const each of [second, third, late]) each.leave()
  expect(engine.open.size).toBe(0)
  expect(hub.streams).toBe(0)
  expect(first.seen).toEqual([1, 2, 3])
  expect(engine.opened).toBe(1)
})

test('who comes back is brought what it missed from memory, without a second source or completion', async () => {
  const { engine, join, publish } = hubRig(true)
  const stays = join()
  const goes = join()
  await publish(3)
  goes.leave()
  await publish(4)
  const back = join(goes.cursor)
  await publish(2)
  expect([...goes.seen, ...back.seen]).toEqual(range(1, 9))
  expect(stays.seen).toEqual(range(1, 9))
  expect([engine.opened, engine.answered]).toEqual([1, 9])
})

test('when all come back at once, what was kept of the stream serves them all, and one source follows it', async () => {
  const { engine, join, publish } = hubRig(true)
  const all = Array.from({ length: 100 }, () => join())
  await publish(10)
  for (const each of all) each.leave()
  await publish(5)
  const back = all.map((each, index) => join(index % 2 === 0 ? each.cursor : `c${index % 10}`))
  await publish(1)
  for (const [index, each] of back.entries()) {
    expect(each.seen).toEqual(range(index % 2 === 0 ? 11 : (index % 10) + 1, 16))
  }
  expect(engine.opened).toBeLessThanOrEqual(3)
  expect(engine.open.size).toBe(1)
})

test('an unknown cursor is read to from the log by a second source, which ends when it meets the first', async () => {
  const { engine, join, publish } = hubRig(true, { eventsMax: 5, bytesMax: 1_000_000 })
  const live = join()
  await publish(20)
  const back = join('c2')
  expect(engine.open.size).toBe(2)
  await publish(0)
  expect(engine.open.size).toBe(1)
  await publish(3)
  expect(back.seen).toEqual(range(3, 23))
  expect(live.seen).toEqual(range(1, 23))
})

test('a stream without cursors of its own is resumed from memory while somebody reads it', async () => {
  const { engine, join, publish } = hubRig(false)
  join()
  const goes = join()
  await publish(3)
  goes.leave()
  await publish(3)
  expect(join(goes.cursor).seen).toEqual([4, 5, 6])
  expect(engine.opened).toBe(1)
})

test('what a stream without cursors cannot replay is told as CURSOR_EXPIRED, never skipped', async () => {
  const { join, publish } = hubRig(false, { eventsMax: 3, bytesMax: 1_000_000 })
  const first = join()
  await publish(1)
  const old = first.cursor
  await publish(5)
  const expired = { kind: 'failed', errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }] }
  expect(join(old).end).toMatchObject(expired)
  const newest = first.cursor
  first.leave()
  // The source was let go: what happened since then is gone.
  expect(join(newest).end).toMatchObject(expired)
  expect(join('made up').end).toMatchObject(expired)
})

test('a cursor is of no use for another topic or another caller', async () => {
  const { join, publish } = hubRig(false)
  const mine = join()
  const inAnHour = Date.now() / 1000 + 3_600
  join(undefined, { principal: principal('bob', inAnHour) })
  join(undefined, { topic: 'other numbers' })
  await publish(2)
  const code = { errors: [{ extensions: { code: 'CURSOR_EXPIRED' } }] }
  expect(join(mine.cursor, { principal: principal('bob', inAnHour) }).end).toMatchObject(code)
  expect(join(mine.cursor, { topic: 'other numbers' }).end).toMatchObject(code)
  expect(join(mine.cursor).end).toBeUndefined()
})

test('a source that breaks is opened again behind the last event, and no reader notices', async () => {
  const { engine, join, publish, clock } = hubRig(true)
  const reader = join()
  await publish(3)
  engine.failing = true
  engine.break()
  await publish(4)
  await clock.run(5_000)
  engine.failing = false
  await clock.run(5_000)
  await publish(1)
  expect(reader.seen).toEqual(range(1, 8))
  expect(reader.end).toBeUndefined()
})

test('readers are told of an outage that lasts, and of one that would leave a gap at once', async () => {
  const lasting = hubRig(true)
  const reader = lasting.join()
  await lasting.publish(1)
  lasting.engine.failing = true
  lasting.engine.break()
  await lasting.clock.run(60_000)
  expect(reader.end).toMatchObject({
    kind: 'broken',
    errors: [{ extensions: { code: 'SUBGRAPH_UNREACHABLE' } }],
  })
  const gap = hubRig(false)
  const other = gap.join()
  await gap.publish(1)
  gap.engine.break()
  await gap.publish(1)
  expect(other.end?.kind).toBe('broken')
})

test('a reader that has no room is passed over, and catches up from memory or from the log', async () => {
  const { engine, join, publish } = hubRig(true, { eventsMax: 5, bytesMax: 1_000_000 })
  const quick = join()
  const slow = join(undefined, { room: 2 })
  await publish(5)
  slow.take(1)
  expect(slow.seen).toEqual([1, 2, 3])
  await publish(10)
  expect(quick.seen).toEqual(range(1, 15))
  slow.take(Number.POSITIVE_INFINITY)
  await publish(0)
  expect(slow.seen).toEqual(range(1, 15))
  await publish(1)
  expect(slow.seen).toEqual(range(1, 16))
  expect(engine.open.size).toBe(1)
})

test('a source that keeps its events is not read while nobody has room', async () => {
  const { engine, join, publish } = hubRig(true)
  const slow = join(undefined, { room: 2 })
  for (let round = 0; round < 50; round++) await publish()
  expect(engine.answered).toBeLessThan(6)
  slow.take(Number.POSITIVE_INFINITY)
  await publish(0)
  expect(slow.seen).toEqual(range(1, 50))
})

test('a reader whose events are gone for good is told that it was too slow', async () => {
  const { join, publish } = hubRig(false, { eventsMax: 5, bytesMax: 1_000_000 })
  const quick = join()
  const slow = join(undefined, { room: 2 })
  await publish(20)
  expect(slow.end).toEqual({ kind: 'slow' })
  expect(quick.seen).toEqual(range(1, 20))
})

test('what nobody reads is kept for a minute and then forgotten', async () => {
  const { engine, join, publish, clock } = hubRig(true)
  const first = join()
  await publish(3)
  first.leave()
  await clock.run(59_000)
  expect(join('c1').seen).toEqual([2, 3])
  expect(engine.answered).toBe(3)
  const second = hubRig(true)
  const reader = second.join()
  await second.publish(3)
  reader.leave()
  await second.clock.run(61_000)
  expect(second.clock.timers).toBe(0)
  const back = second.join('c1')
  await settled()
  await second.publish(0)
  expect(back.seen).toEqual([2, 3])
  expect(second.engine.answered).toBe(5)
})

test('on a new supergraph streams go on, by the same source or behind the last event', async () => {
  for (const continues of [true, false]) {
    const { engine, join, publish } = hubRig(true)
    engine.continues = continues
    const reader = join()
    await publish(3)
    engine.reload()
    await publish(3)
    await publish(1)
    expect(reader.seen).toEqual(range(1, 7))
    expect(reader.end).toBeUndefined()
    expect(engine.opened).toBe(continues ? 1 : 2)
  }
})

test('where a new supergraph would leave a gap, readers are told one by one, and those who come now begin anew', async () => {
  const { engine, join, publish, clock } = hubRig(false)
  engine.continues = false
  const reader = join()
  await publish(3)
  engine.reload()
  await settled()
  const next = join()
  await publish(2)
  expect(reader.seen).toEqual(range(1, 5))
  expect(next.seen).toEqual([4, 5])
  expect(reader.end).toBeUndefined()
  await clock.run(5_000)
  expect(reader.end).toMatchObject({ kind: 'broken', errors: [{ extensions: { code: 'UNAVAILABLE' } }] })
  expect(next.end).toBeUndefined()
  expect(engine.open.size).toBe(1)
})

test('a reader that asked for the latest is sent the newest event of each thing when it has been behind', async () => {
  const { join, publish } = hubRig(true)
  const quick = join(undefined, { latestBy: 'rest' })
  const slow = join(undefined, { room: 2, latestBy: 'rest' })
  const unclear = join(undefined, { room: 2, latestBy: 'nothing.here' })
  await publish(10)
  slow.take(2)
  expect(slow.seen).toEqual([1, 2, 8, 9])
  await publish(2)
  slow.take(Number.POSITIVE_INFINITY)
  expect(slow.seen).toEqual([1, 2, 8, 9, 10, 11, 12])
  await publish(3)
  expect(slow.seen.slice(-3)).toEqual([13, 14, 15])
  expect(quick.seen).toEqual(range(1, 15))
  unclear.take(Number.POSITIVE_INFINITY)
  expect(unclear.seen).toEqual(range(1, 15))
})
