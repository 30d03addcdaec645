import { expect, test } from 'vitest'
import { shareOf } from '../../checks/report/reported-operation.ts'

test('a share is neither nothing while there is something, nor all while something is left', () => {
  expect(shareOf(0, 1_000_000)).toBe(0)
  expect(shareOf(1, 1_000_000)).toBeCloseTo(0.0001)
  expect(shareOf(1, 3)).toBe(33.33)
  expect(shareOf(999_999, 1_000_000)).toBe(99.99)
  expect(shareOf(7, 7)).toBe(100)
  expect(shareOf(0, 0)).toBeUndefined()
})
