import { expect, test } from 'vitest'
import { sharedTurn } from '../../subgraphs/db/shared-turn.ts'
import { settled } from '../support/manual-clock.ts'

function work() {
  const runs: { readonly end: () => void; readonly fail: (failure: Error) => void }[] = []
  const shared = sharedTurn(
    () => new Promise<void>((resolve, reject) => void runs.push({ end: resolve, fail: reject })),
  )
  return { runs, shared }
}

test('callers that come while it runs share one run that begins after they came', async () => {
  const { runs, shared } = work()
  const told: string[] = []
  void shared().then(() => told.push('first'))
  for (const name of ['second', 'third']) void shared().then(() => told.push(name))
  expect(runs).toHaveLength(1)
  runs[0]?.end()
  await settled()
  expect(told).toEqual(['first'])
  expect(runs).toHaveLength(2)
  void shared().then(() => told.push('fourth'))
  runs[1]?.end()
  await settled()
  expect(told).toEqual(['first', 'second', 'third'])
  expect(runs).toHaveLength(3)
})

test('a run that fails fails its own callers only', async () => {
  const { runs, shared } = work()
  const first = shared()
  const second = shared()
  runs[0]?.fail(new Error('away'))
  await expect(first).rejects.toThrow('away')
  await settled()
  runs[1]?.end()
  await second
  expect(runs).toHaveLength(2)
})
