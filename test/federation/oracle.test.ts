import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { countingVariant } from './engine-variants.ts'
import { fuzz, noCounts, replay } from './oracle/fuzz.ts'
import { describeFound, foundFolder } from './oracle/report.ts'
import type { Case } from './oracle/shrink.ts'

/** Cases of the suite for each planner; `npm run fuzz -- --cases 20000` runs more of them. */
const casesMax = 300

describe.each(['apollo', 'rust'] as const)('%s', name => {
  const plans = { own: 0, all: 0 }
  const variant = countingVariant(name, plans)

  test('random operations on random graphs are answered as one schema answers them', async () => {
    const counts = noCounts()
    const found = await fuzz(variant, 1_000_000, counts, () => counts.cases >= casesMax)
    expect(found === undefined ? undefined : await describeFound(found, variant)).toBeUndefined()
    // Otherwise the comparison would say little.
    expect(counts.federated).toBeGreaterThan(casesMax / 4)
    expect(counts.withErrors).toBeGreaterThan(casesMax / 20)
    // While the Rust planner's process rests after a panic the other one plans: a fast machine gets more done meanwhile.
    expect(plans.own).toBeGreaterThan(plans.all / 2)
  }, 300_000)

  test.each(globSync('*.json', { cwd: foundFolder }).sort())('the case %s stays corrected', async file => {
    // Written by saveFound.
    const found = JSON.parse(readFileSync(join(foundFolder, file), 'utf8')) as Case
    const outcome = await replay(found, variant)
    expect(outcome.fault, JSON.stringify(outcome)).toBeUndefined()
  })
})
