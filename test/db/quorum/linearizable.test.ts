import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type RegisterOperation, isLinearizable } from '../../support/linearizable.ts'

const read = (from: number, to: number, saw: string): RegisterOperation => ({
  from,
  to,
  does: { is: 'read', saw },
})
const write = (from: number, to: number, value: string): RegisterOperation => ({
  from,
  to,
  does: { is: 'write', value },
})
const swap = (
  from: number,
  to: number,
  expected: string,
  value: string,
  done: boolean | undefined,
): RegisterOperation => ({ from, to, does: { is: 'swap', expected, value, done } })

test('what could have happened one after the other is linearizable', () => {
  expect(isLinearizable([], '0')).toBe(true)
  expect(isLinearizable([write(1, 4, 'a'), read(2, 3, '0'), read(5, 6, 'a')], '0')).toBe(true)
  expect(isLinearizable([write(1, 9, 'a'), write(2, 8, 'b'), read(3, 4, 'b'), read(5, 6, 'a')], '0')).toBe(
    true,
  )
  expect(isLinearizable([swap(1, Infinity, '0', 'a', undefined), read(2, 3, 'a')], '0')).toBe(true)
  expect(isLinearizable([swap(1, Infinity, '0', 'a', undefined), read(2, 3, '0')], '0')).toBe(true)
  expect(isLinearizable([swap(1, 2, '1', 'a', false), read(3, 4, '0')], '0')).toBe(true)
})

test('what could not is not', () => {
  expect(isLinearizable([write(1, 2, 'a'), read(3, 4, '0')], '0')).toBe(false)
  expect(isLinearizable([write(1, 9, 'a'), read(2, 3, 'a'), read(4, 5, '0')], '0')).toBe(false)
  expect(isLinearizable([swap(1, 2, '0', 'a', true), swap(3, 4, '0', 'b', true)], '0')).toBe(false)
  expect(isLinearizable([swap(1, 2, '0', 'a', false)], '0')).toBe(false)
  expect(
    isLinearizable([swap(1, Infinity, '0', 'a', undefined), read(2, 3, 'a'), read(4, 5, '0')], '0'),
  ).toBe(false)
})

test('a history that was made by a register is linearizable, and not when one read of it is changed', () => {
  const operation = fc.record({
    kind: fc.constantFrom('read', 'write', 'swap'),
    early: fc.nat(20),
    late: fc.nat(20),
    right: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(operation, { minLength: 2, maxLength: 12 }), operations => {
      let state = 'start'
      const history = operations.map(({ kind, early, late, right }, index): RegisterOperation => {
        // It took effect at this moment.
        const at = index * 10
        const before = state
        const value = `v${index}`
        if (kind === 'read') return read(at - early, at + late, before)
        if (kind === 'write' || right) state = value
        if (kind === 'write') return write(at - early, at + late, value)
        return swap(at - early, at + late, right ? before : 'never', value, right)
      })
      expect(isLinearizable(history, 'start')).toBe(true)
      const lie = read(10_000, 10_001, 'nobody wrote this')
      expect(isLinearizable([...history, lie], 'start')).toBe(false)
    }),
  )
})
