import { expect, test } from 'vitest'
import { SimulatedTorture } from '../../support/simulated-torture.ts'

test.each([1, 2])(
  'after every fault of one store, or of a process, all stores have their votes again and nothing is lost (seed %i)',
  async seed => {
    const { commits, faults, wrong, log } = await new SimulatedTorture(seed).run(25)
    expect(wrong, log.slice(-50).join('\n')).toEqual([])
    expect(faults).toHaveLength(25)
    expect(commits).toBeGreaterThan(2_000)
  },
  30_000,
)
