import { parseArgs } from 'node:util'
import { countingVariants } from '../engine-variants.ts'
import { cutDown, fuzz, noCounts } from './fuzz.ts'
import { describeFound, saveFound } from './report.ts'

// Compares the gateway with one schema on random graphs: npm run fuzz -- --minutes 5 --seed 1, or --cases 20000
// --planner rust --tier compiled. Without these, every case is asked in all ways: plans of each planner, run by each tier.
// --faults 10 goes on until so many are found, --uncut tells them as they are and saves none.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    cases: { type: 'string' },
    seed: { type: 'string', default: '1' },
    planner: { type: 'string' },
    tier: { type: 'string' },
    faults: { type: 'string', default: '1' },
    uncut: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes ?? (values.cases === undefined ? 1 : 600))
const casesMax = Number(values.cases ?? Number.MAX_SAFE_INTEGER)
const faultsMax = Number(values.faults)
const seed = Number(values.seed)
if (values.planner !== undefined && values.planner !== 'apollo' && values.planner !== 'rust') {
  process.stderr.write('--planner is apollo or rust\n')
  process.exit(2)
}
if (!(minutes > 0) || !(casesMax > 0) || !(faultsMax > 0) || !Number.isSafeInteger(seed)) {
  process.stderr.write('--minutes, --cases and --faults are numbers above 0, --seed is an integer\n')
  process.exit(2)
}
if (values.tier !== undefined && values.tier !== 'generic' && values.tier !== 'compiled') {
  process.stderr.write('--tier is generic or compiled\n')
  process.exit(2)
}

const plans = { apollo: { own: 0, all: 0 }, rust: { own: 0, all: 0 } }
const variants = countingVariants(plans).filter(
  ({ name, tier }) => (values.planner ?? name) === name && (values.tier ?? tier) === tier,
)
const counts = noCounts()
const start = performance.now()
const seconds = (): number => (performance.now() - start) / 1_000
const enough = (): boolean =>
  counts.cases >= casesMax || seconds() >= minutes * 60 || counts.faults >= faultsMax
for await (const found of fuzz(variants, seed, counts, enough)) {
  process.exitCode = 1
  const told = values.uncut ? found : await cutDown(found, variants)
  process.stdout.write(`${await describeFound(told)}\n`)
  if (values.uncut) continue
  process.stdout.write(`saved as ${saveFound(told)}; the suite replays it from now on\n`)
}
const ways = variants.map(({ name, tier }) => `${name} ${tier}`)
process.stdout.write(`${JSON.stringify({ ways, plans, seed, ...counts, seconds: Math.round(seconds()) })}\n`)
// Planners are shared by everything that runs here, and nobody else ends them.
process.exit()
