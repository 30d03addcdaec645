// A process that tries graphs: main.ts starts it with its own arguments and tells it one seed after the other.
import { countingVariants } from '../engine-variants.ts'
import { cutDown, fuzzGraph } from './fuzz.ts'
import { describeFound, saveFound } from './report.ts'
import { readRunOptions } from './run-options.ts'
import { noTally } from './tally.ts'
import type { Tally } from './tally.ts'

/** What such a process tells. */
export type GraphEvent =
  | { readonly kind: 'found'; readonly text: string }
  /** The graph is done; `tally` has all it has seen so far. */
  | { readonly kind: 'tried'; readonly tally: Tally }

const { planner, tier, uncut } = readRunOptions(process.argv.slice(2))
const tally = noTally()
const variants = countingVariants(tally.planners).filter(
  each => (planner ?? each.name) === each.name && (tier ?? each.tier) === each.tier,
)

process.on('message', (seed: number) => void tryGraph(seed))
// Planners are shared by everything that runs here, and nobody else ends them.
process.on('disconnect', () => process.exit())

async function tryGraph(seed: number): Promise<void> {
  for await (const found of fuzzGraph(variants, seed, tally, () => false)) {
    const told = uncut ? found : await cutDown(found, variants)
    const text = await describeFound(told)
    tell({
      kind: 'found',
      text: uncut ? text : `${text}\nsaved as ${saveFound(told)}; the suite replays it from now on`,
    })
  }
  tell({ kind: 'tried', tally })
}

function tell(event: GraphEvent): void {
  process.send?.(event)
}
