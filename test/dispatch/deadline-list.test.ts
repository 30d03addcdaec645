import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Deadline, DeadlineList } from '../../dispatch/deadline-list.ts'
import { manualClock } from '../support/manual-clock.ts'

class Item extends Deadline {
  readonly #expired: (item: Item, now: number) => void

  constructor(expired: (item: Item, now: number) => void) {
    super()
    this.#expired = expired
  }

  override expire(now: number): void {
    this.#expired(this, now)
  }
}

const step = fc.oneof(
  fc.record({ does: fc.constant('add' as const), ms: fc.nat(300) }),
  fc.record({ does: fc.constant('remove' as const), ms: fc.nat(300) }),
  fc.record({ does: fc.constant('wait' as const), ms: fc.nat(80) }),
)

test('everything expires once, in order, not before its time and no later than half a millisecond after, unless removed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const clock = manualClock()
      const list = new DeadlineList(clock, { stallMs: 10, stallGraceMs: 50 }, () => undefined)
      const waiting = new Set<Item>()
      let last = 0
      const expired = (item: Item, now: number): void => {
        expect(waiting.delete(item)).toBe(true)
        expect(now).toBeGreaterThanOrEqual(item.deadline - 0.5)
        expect(now).toBeLessThanOrEqual(item.deadline)
        expect(item.deadline).toBeGreaterThanOrEqual(last)
        last = item.deadline
      }
      for (const { does, ms } of steps) {
        if (does === 'wait') clock.advance(ms)
        else if (does === 'add') {
          const item = new Item(expired)
          waiting.add(item)
          list.add(item, clock.now() + ms)
          last = Math.min(last, clock.now())
        } else {
          const item = [...waiting][ms % Math.max(1, waiting.size)]
          if (item === undefined) continue
          list.remove(item)
          list.remove(item)
          waiting.delete(item)
        }
        expect(list.length).toBe(waiting.size)
        expect(clock.timers).toBeLessThanOrEqual(1)
        for (const item of waiting) expect(item.deadline).toBeGreaterThanOrEqual(clock.now() - 0.5)
      }
      clock.advance(400)
      expect(waiting.size).toBe(0)
      expect(clock.timers).toBe(0)
    }),
    { numRuns: 500 },
  )
})

test('what is added while others expire is not lost', () => {
  const clock = manualClock()
  const list = new DeadlineList(clock, { stallMs: 10, stallGraceMs: 50 }, () => undefined)
  let chain = 0
  const next = (): void => {
    if (++chain < 10) list.add(new Item(next), clock.now() + 5)
  }
  list.add(new Item(next), clock.now() + 5)
  clock.advance(100)
  expect(chain).toBe(10)
})

test('what came due while the process stood still is put off once, by as long as it stood still, and not longer', async () => {
  const clock = manualClock()
  const list = new DeadlineList(clock, { stallMs: 10, stallGraceMs: 50 }, () => undefined)
  const expired: [string, number][] = []
  const item = (name: string): Item => new Item((_, now) => expired.push([name, now - 1_000]))
  list.add(item('due at 20'), 1_020)
  list.add(item('due at 30'), 1_030)
  list.add(item('due at 99'), 1_099)
  // The timer of 20 fires at 50, 30 late: both of the first two get 30 more.
  await clock.stall(50)
  expect(expired).toEqual([])
  clock.advance(60)
  expect(expired).toEqual([
    ['due at 20', 80],
    ['due at 30', 80],
    ['due at 99', 99],
  ])
})

test('what was put off is not put off again, and a very long stall gives no more than the grace', async () => {
  const clock = manualClock()
  const list = new DeadlineList(clock, { stallMs: 10, stallGraceMs: 50 }, () => undefined)
  const expired: number[] = []
  list.add(new Item((_, now) => expired.push(now - 1_000)), 1_020)
  await clock.stall(1_000)
  expect(expired).toEqual([])
  await clock.stall(500)
  expect(expired).toEqual([1_500])
})
