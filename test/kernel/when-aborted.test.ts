import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { stopOf } from '../../kernel/stop.ts'
import { untilAborted } from '../../kernel/until-aborted.ts'
import { whenAborted } from '../../kernel/when-aborted.ts'

test('all who wait for a signal are told once, in their order, but for those who are gone; it has one listener', () => {
  const controller = new AbortController()
  const told: string[] = []
  whenAborted(controller.signal, () => told.push('first'))
  const forget = whenAborted(controller.signal, () => told.push('gone'))
  const leaving = whenAborted(controller.signal, () => told.push('last'))
  forget()
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
  controller.abort()
  controller.abort()
  leaving()
  expect(told).toEqual(['first', 'last'])
})

test('a stop made of a signal tells the one who asked last, at once when it has aborted', () => {
  const controller = new AbortController()
  const stop = stopOf(controller.signal)
  const told: unknown[] = []
  stop.onStopped(() => told.push('replaced'))
  stop.onStopped(reason => told.push(reason))
  expect(stop.stopped).toBe(false)
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
  controller.abort('left')
  expect(stop.stopped).toBe(true)
  stop.onStopped(reason => told.push(reason))
  expect(told).toEqual(['left', 'left'])
})

test('a promise is waited for until the signal aborts, and no longer', async () => {
  const controller = new AbortController()
  const never = new Promise<never>(() => undefined)
  expect(await untilAborted(Promise.resolve(1), controller.signal)).toBe(1)
  await expect(untilAborted(Promise.reject(new Error('own')), controller.signal)).rejects.toThrow('own')
  const waiting = untilAborted(never, controller.signal)
  controller.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  await expect(untilAborted(never, controller.signal)).rejects.toThrow('left')
})
