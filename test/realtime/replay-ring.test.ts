import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Delivery } from '../../gateway/realtime/delivery.ts'
import { ReplayRing } from '../../gateway/realtime/replay-ring.ts'

const limits = { eventsMax: 5, bytesMax: 200 }

/** The event of a number, with a text as long as that number says; every seventh has no cursor. */
const event = (at: number): Delivery => new Delivery('x'.repeat(at % 40), at % 7 === 3 ? undefined : `c${at}`)

/** Events `from` to `to` in a ring that begins behind the one before. */
function filled(from: number, to: number): ReplayRing {
  const ring = new ReplayRing(`c${from - 1}`, limits)
  for (let at = from; at <= to; at++) ring.push(event(at))
  return ring
}

test('a ring holds the newest events without a gap, within its limits, each found behind the cursor before it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.nat({ max: 40 }), (from, count) => {
      const to = from + count - 1
      const ring = filled(from, to)
      const kept = ring.end - ring.start
      expect(kept).toBeLessThanOrEqual(5)
      expect(ring.bytes <= 200 || kept === 1).toBe(true)
      if (count > 0) expect(kept).toBeGreaterThan(0)
      for (let place = ring.start; place < ring.end; place++) {
        const at = to - (ring.end - 1 - place)
        expect(ring.at(place)?.bytes).toBe(event(at).bytes)
        const before = event(at - 1).cursor
        if (before !== undefined) expect(ring.placeBehind(before)).toBe(place)
      }
      expect(ring.at(ring.start - 1)).toBeUndefined()
      expect(ring.at(ring.end)).toBeUndefined()
      const behind = (to % 7 === 3 ? to - 1 : to).toString()
      expect(ring.newest).toBe(`c${count === 0 ? from - 1 : behind}`)
      expect(ring.placeBehind('c999')).toBeUndefined()
    }),
  )
})

test('two rings that overlap become one without a gap, and its places stay what they were', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.nat({ max: 6 }),
      fc.nat({ max: 6 }),
      (from, more, count) => {
        const older = filled(from, from + more)
        const newer = filled(from + more, from + more + count)
        const first = newer.start
        const texts = new Map(
          Array.from({ length: newer.end - first }, (_, index) => [first + index, newer.at(first + index)]),
        )
        newer.prepend(older)
        for (const [place, delivery] of texts) expect(newer.at(place)).toBe(delivery)
        expect(newer.end - newer.start).toBeLessThanOrEqual(5)
        const last = from + more + count
        for (let place = newer.start; place < newer.end; place++) {
          const at = last - (newer.end - 1 - place)
          expect(newer.at(place)?.bytes).toBe(event(at).bytes)
          const before = event(at - 1).cursor
          if (before !== undefined) expect(newer.placeBehind(before)).toBe(place)
        }
      },
    ),
  )
})
