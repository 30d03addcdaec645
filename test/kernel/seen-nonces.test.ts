import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SeenNonces } from '../../kernel/seen-nonces.ts'

test('nothing passes twice while it is young, however little is remembered, and memory stays bounded', () => {
  const used = fc.record({
    nonce: fc.integer({ min: 0, max: 30 }),
    age: fc.integer({ min: 0, max: 100 }),
    pause: fc.integer({ min: 0, max: 60 }),
  })
  fc.assert(
    fc.property(fc.array(used, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (uses, entriesMax) => {
      const seen = new SeenNonces({ lifeMs: 100, entriesMax })
      const made = new Map<number, number>()
      const passed = new Set<number>()
      let now = 1_000
      for (const { nonce, age, pause } of uses) {
        now += pause
        // What is signed keeps its time, whoever sends it again; what is too old is refused before it is asked about here.
        const at = made.get(nonce) ?? now - age
        made.set(nonce, at)
        if (now - at > 100 || !seen.pass(String(nonce), at, now)) continue
        expect(passed).not.toContain(nonce)
        passed.add(nonce)
        expect(seen.size).toBeLessThanOrEqual(entriesMax)
      }
    }),
    { numRuns: 1_000 },
  )
})

test('what is used as soon as it is made passes, although the memory is full', () => {
  const seen = new SeenNonces({ lifeMs: 1_000, entriesMax: 10 })
  for (let at = 0; at < 500; at++) expect(seen.pass(`n${at}`, at, at)).toBe(true)
  expect(seen.pass('n3', 3, 500)).toBe(false)
  expect(seen.pass('late', 400, 500)).toBe(false)
})
