import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { countingVariants } from './engine-variants.ts'
import { fuzz, replay } from './oracle/fuzz.ts'
import { describeFound, foundFolder } from './oracle/report.ts'
import type { Case } from './oracle/shrink.ts'
import { noTally } from './oracle/tally.ts'

/** Cases of the suite; CI and `npm run fuzz -- --cases 20000` run more of them. */
const casesMax = 600

/** Few, for many graphs. */
const operationsPerGraph = 30

const tally = noTally()
const enough = (): boolean => tally.cases >= casesMax
const variants = countingVariants(tally.planners)

test('random operations on random graphs are answered as one schema answers them, by every planner and tier', async () => {
  for await (const found of fuzz(variants, 1_000_000, tally, enough, operationsPerGraph)) {
    expect.unreachable(await describeFound(found))
  }
  // Otherwise the comparison would say little.
  expect(tally.federated).toBeGreaterThan(casesMax / 4)
  expect(tally.withErrors).toBeGreaterThan(casesMax / 20)
  expect(tally.ways['apollo compiled']?.spliced).toBeGreaterThan(casesMax / 20)
  expect(tally.ways['rust compiled']?.spliced).toBeGreaterThan(casesMax / 20)
  expect(tally.subscriptions).toBeGreaterThan(0)
  expect(tally.deferred).toBeGreaterThan(0)
  // A refusal is no wrong answer, and no right one.
  for (const { right } of Object.values(tally.ways)) expect(right).toBeGreaterThan(tally.cases * 0.9)
  // Graphs with contexts, and what is deferred, are Apollo's planner's.
  for (const { own, all } of Object.values(tally.planners)) expect(own).toBeGreaterThan(all / 2)
}, 300_000)

test.each(globSync('*.json', { cwd: foundFolder }).sort())('the case %s stays corrected', async file => {
  // Written by saveFound.
  const found = JSON.parse(readFileSync(join(foundFolder, file), 'utf8')) as Case
  for (const outcome of await replay(found, variants)) {
    expect(outcome.fault, JSON.stringify(outcome)).toBeUndefined()
  }
})
