import { parseArgs } from 'node:util'
import { countingVariant } from '../engine-variants.ts'
import { fuzz, noCounts } from './fuzz.ts'
import { describeFound, saveFound } from './report.ts'

// Compares the gateway with one schema on random graphs: npm run fuzz -- --minutes 5 --seed 1, or --cases 20000
// --planner rust --tier compiled; without these, each planner on each tier takes its turn.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    cases: { type: 'string' },
    seed: { type: 'string', default: '1' },
    planner: { type: 'string' },
    tier: { type: 'string' },
  },
})
const minutes = Number(values.minutes ?? (values.cases === undefined ? 1 : 600))
const casesMax = Number(values.cases ?? Number.MAX_SAFE_INTEGER)
const seed = Number(values.seed)
if (values.planner !== undefined && values.planner !== 'apollo' && values.planner !== 'rust') {
  process.stderr.write('--planner is apollo or rust\n')
  process.exit(2)
}
if (!(minutes > 0) || !(casesMax > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write('--minutes and --cases are numbers above 0, --seed is an integer\n')
  process.exit(2)
}

if (values.tier !== undefined && values.tier !== 'generic' && values.tier !== 'compiled') {
  process.stderr.write('--tier is generic or compiled\n')
  process.exit(2)
}

const turns = (['apollo', 'rust'] as const).flatMap(name =>
  (['generic', 'compiled'] as const).map(tier => ({ name, tier })),
)
for (const { name, tier } of turns) {
  if ((values.planner ?? name) !== name || (values.tier ?? tier) !== tier) continue
  const plans = { own: 0, all: 0 }
  const variant = countingVariant(name, plans, tier === 'compiled' ? 0 : Infinity)
  const counts = noCounts()
  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1_000
  const found = await fuzz(variant, seed, counts, () => counts.cases >= casesMax || seconds() >= minutes * 60)
  if (found !== undefined) {
    process.stdout.write(`${await describeFound(found, variant)}\n`)
    process.stdout.write(`saved as ${saveFound(found)}; the suite replays it from now on\n`)
    process.exitCode = 1
  }
  const summary = {
    planner: name,
    tier,
    plannedByIt: plans.own,
    planned: plans.all,
    seed,
    ...counts,
    seconds: Math.round(seconds()),
    faults: found ? 1 : 0,
  }
  process.stdout.write(`${JSON.stringify(summary)}\n`)
}
