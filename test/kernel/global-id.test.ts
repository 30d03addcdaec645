import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idPrefixes, kindOfGlobalId, newGlobalId, type IdKind } from '../../kernel/global-id.ts'

test('ids sort in the order they were made, in one millisecond and across them', () => {
  const times = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 200 })
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 45 }), times, (from, steps) => {
      let wallMs = from
      const ids = steps.map(step => newGlobalId('Task', (wallMs += step)))
      expect([...ids].sort()).toEqual(ids)
      expect(new Set(ids).size).toBe(ids.length)
    }),
  )
})

test('a carry goes through every digit', () => {
  const ids = Array.from({ length: 40_000 }, () => newGlobalId('Event', 1))
  expect(ids.every((id, index) => index === 0 || (ids[index - 1] ?? '') < id)).toBe(true)
})

test('every id names its kind, and nothing else is taken for one', () => {
  // The keys of idPrefixes are the kinds.
  for (const kind of Object.keys(idPrefixes) as IdKind[]) expect(kindOfGlobalId(newGlobalId(kind))).toBe(kind)
  fc.assert(fc.property(fc.string(), text => kindOfGlobalId(text) === undefined))
  expect(kindOfGlobalId(`${newGlobalId('Task')}x`)).toBeUndefined()
  expect(kindOfGlobalId(newGlobalId('Task').toUpperCase())).toBeUndefined()
})
