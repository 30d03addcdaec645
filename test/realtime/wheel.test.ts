import { expect, test } from 'vitest'
import { Wheel } from '../../gateway/realtime/wheel.ts'
import { manualClock } from '../support/manual-clock.ts'

test('everybody has one turn in a round, a thirtieth of them at a time', () => {
  const clock = manualClock()
  const turns = new Map<number, number>()
  let atOnce = 0
  const wheel = new Wheel<number>(clock, 3_000, member => {
    turns.set(member, (turns.get(member) ?? 0) + 1)
    atOnce += 1
  })
  for (let member = 0; member < 300; member++) wheel.add(member)
  for (let turn = 1; turn <= 60; turn++) {
    clock.advance(100)
    expect(atOnce).toBe(10)
    atOnce = 0
  }
  expect(turns.size).toBe(300)
  expect(new Set(turns.values())).toEqual(new Set([2]))
  for (let member = 0; member < 299; member++) wheel.delete(member)
  clock.advance(3_000)
  expect(atOnce).toBe(1)
  wheel.stop()
  expect(clock.timers).toBe(0)
})
