import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { countingVariants } from './engine-variants.ts'
import { fuzz, noCounts, replay } from './oracle/fuzz.ts'
import { describeFound, foundFolder } from './oracle/report.ts'
import type { Case } from './oracle/shrink.ts'

/** Cases of the suite; CI and `npm run fuzz -- --cases 20000` run more of them. */
const casesMax = 600

const plans = { apollo: { own: 0, all: 0 }, rust: { own: 0, all: 0 } }
const variants = countingVariants(plans)

test('random operations on random graphs are answered as one schema answers them, by every planner and tier', async () => {
  const counts = noCounts()
  for await (const found of fuzz(variants, 1_000_000, counts, () => counts.cases >= casesMax)) {
    expect.unreachable(await describeFound(found))
  }
  // Otherwise the comparison would say little.
  expect(counts.federated).toBeGreaterThan(casesMax / 4)
  expect(counts.withErrors).toBeGreaterThan(casesMax / 20)
  expect(counts.spliced).toBeGreaterThan(casesMax / 10)
  // While the Rust planner's process rests after a panic the other one plans: a fast machine gets more done meanwhile.
  for (const { own, all } of Object.values(plans)) expect(own).toBeGreaterThan(all / 2)
}, 300_000)

test.each(globSync('*.json', { cwd: foundFolder }).sort())('the case %s stays corrected', async file => {
  // Written by saveFound.
  const found = JSON.parse(readFileSync(join(foundFolder, file), 'utf8')) as Case
  for (const outcome of await replay(found, variants)) {
    expect(outcome.fault, JSON.stringify(outcome)).toBeUndefined()
  }
})
