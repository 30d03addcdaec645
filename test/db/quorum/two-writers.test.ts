import { expect, test } from 'vitest'
import { WritersInMemory } from '../../support/writers-in-memory.ts'

test.each([1, 2, 3])(
  'a store that lost its data votes again soon, although two processes never stop writing (seed %i)',
  async seed => {
    const writers = await WritersInMemory.begin({ seed, processes: 2, clients: 12, wayMs: [0.5, 6, 0.5] })
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
