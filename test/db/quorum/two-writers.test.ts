import { expect, test } from 'vitest'
import { WritersInMemory } from '../../support/writers-in-memory.ts'

const quick = [0.5, 0.5, 0.5] as const
const oneSlow = [0.5, 6, 0.5] as const

test.each([1, 2, 3])(
  'a store that lost its data votes again soon, although two processes never stop writing (seed %i)',
  async seed => {
    const writers = await WritersInMemory.begin({ seed, clients: [12, 12], wayMs: oneSlow })
    const { clock, stores, processes } = writers
    await clock.run(1_000)
    stores[1]?.clear()
    await clock.run(3_000)
    const details = processes.map(domain => domain.health().agents.map(({ detail }) => detail))
    expect(stores[1]?.seat?.voting, JSON.stringify(details)).toBe(true)
    expect(writers.refusals).toEqual([])
    await writers.end()
  },
)

test.each([
  [[12, 12], 150],
  [[6, 6, 6, 6], 500],
])(
  'processes that write at the same time take turns: none is refused, none waits long (clients %j, at most %i ms)',
  async (clients, mostMs) => {
    const writers = await WritersInMemory.begin({ seed: 1, clients, wayMs: quick })
    await writers.clock.run(4_000)
    await writers.end()
    expect(writers.refusals).toEqual([])
    expect(writers.tookMs.length).toBeGreaterThan(800)
    expect(Math.max(...writers.tookMs)).toBeLessThan(mostMs)
  },
)

test('a process that only reads takes the lead from nobody, however much is written meanwhile', async () => {
  const writers = await WritersInMemory.begin({ seed: 1, clients: [12, 0], wayMs: quick })
  const { clock, stores, processes } = writers
  await clock.run(200)
  const leader = stores[0]?.seat?.promised
  const longest: number[] = []
  for (let read = 0; read < 50; read++) {
    const from = clock.now()
    await writers.until(processes[1]?.learn() ?? Promise.resolve())
    longest.push(clock.now() - from)
    await clock.run(5)
  }
  expect(stores.map(({ seat }) => seat?.promised)).toEqual([leader, leader, leader])
  expect(Math.max(...longest)).toBeLessThan(60)
  expect(writers.tookMs.length).toBeGreaterThan(200)
  await writers.end()
})
