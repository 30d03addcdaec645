import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Frontier } from '../../../subgraphs/db/frontier.ts'
import { manualClock } from '../../support/manual-clock.ts'

type Event = { readonly is: 'ours' | 'theirs' | 'look'; readonly afterMs: number; readonly tookMs: number }

const anyEvent: fc.Arbitrary<Event> = fc.record({
  is: fc.constantFrom('ours' as const, 'theirs' as const, 'look' as const),
  afterMs: fc.integer({ min: 0, max: 300 }),
  tookMs: fc.integer({ min: 0, max: 50 }),
})

test('no entry is taken for younger than it is, whoever wrote it and whenever it was noticed', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), events => {
      const clock = manualClock()
      const frontier = new Frontier(clock, 100)
      const cameAt: number[] = []
      const head = () => ({ epoch: 'e', seq: cameAt.length, commitId: String(cameAt.length) })
      frontier.confirm({ epoch: '', seq: 0, commitId: '' }, clock.now())
      for (const { is, afterMs, tookMs } of events) {
        clock.advance(afterMs)
        const askedAt = clock.now()
        clock.advance(tookMs)
        if (is !== 'look') cameAt.push(clock.now())
        clock.advance(tookMs)
        if (is === 'ours') frontier.committed(cameAt.length, head(), askedAt)
        if (is === 'look') frontier.confirm(head(), askedAt)
      }
      for (let seq = 1; seq <= frontier.head.seq; seq++) {
        expect(frontier.since(seq)).toBeLessThanOrEqual(cameAt[seq - 1] ?? -1)
      }
    }),
  )
})

test('entries of this process are dated to within the grace', () => {
  const clock = manualClock()
  const frontier = new Frontier(clock, 100)
  frontier.confirm({ epoch: '', seq: 0, commitId: '' }, clock.now())
  for (let seq = 1; seq <= 50; seq++) {
    clock.advance(30)
    frontier.committed(seq, { epoch: 'e', seq, commitId: String(seq) }, clock.now())
    expect(clock.now() - frontier.since(seq)).toBeLessThan(100)
  }
})

test('what was there before the writer was seen, or is long past, has no known age', () => {
  const clock = manualClock()
  const frontier = new Frontier(clock, 1)
  frontier.raise({ epoch: 'e', seq: 3, commitId: '3' }, 5)
  expect(frontier).toMatchObject({ confirmed: false, headAt: 5 })
  frontier.confirm({ epoch: 'e', seq: 4, commitId: '4' }, clock.now())
  expect(frontier.confirmed).toBe(true)
  expect([1, 3, 4].map(seq => frontier.since(seq))).toEqual([-Infinity, -Infinity, -Infinity])
  for (let seq = 5; seq <= 3_000; seq++) {
    clock.advance(2)
    frontier.committed(seq, { epoch: 'e', seq, commitId: String(seq) }, clock.now())
  }
  expect(frontier.since(5)).toBe(-Infinity)
  expect(frontier.since(3_000)).toBe(clock.now())
})
