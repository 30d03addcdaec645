import { expect, test } from 'vitest'
import type { GraphQLRequest } from '../../gateway/engine.ts'
import { countingVariant } from './engine-variants.ts'
import { randomModel } from './oracle/random-model.ts'
import { randomOperation } from './oracle/random-operation.ts'
import { Trial } from './oracle/trial.ts'

/** More for a longer search: `ENNEAD_FUZZ_RUNS=2000 npx vitest run test/federation/tiers.test.ts`. */
const graphs = Math.ceil(Number(process.env['ENNEAD_FUZZ_RUNS'] ?? 300) / 40)
const operationsPerGraph = 40

/** A graph on both tiers; undefined when its subgraphs do not compose. */
function onBothTiers(planner: 'apollo' | 'rust', seed: number): readonly [Trial, Trial] | undefined {
  const counts = { own: 0, all: 0 }
  const model = randomModel(seed)
  try {
    return [
      new Trial(model, countingVariant(planner, counts)),
      new Trial(model, countingVariant(planner, counts, 0)),
    ]
  } catch {
    return undefined
  }
}

test.each(['apollo', 'rust'] as const)(
  'with plans of %s both tiers give the same answer, byte for byte',
  async planner => {
    let spliced = 0
    let asked = 0
    for (let seed = 3_000_000; seed < 3_000_000 + graphs; seed++) {
      const tiers = onBothTiers(planner, seed)
      if (tiers === undefined) continue
      for (let index = 0; index < operationsPerGraph; index++) {
        const request: GraphQLRequest | undefined = randomOperation(tiers[0].schema, seed * 1_000 + index)
        if (request === undefined) continue
        const [reference, outcome] = [await tiers[0].run(request), await tiers[1].run(request)]
        asked++
        if (outcome.spliced) spliced++
        expect(JSON.stringify(outcome.answer), `seed ${seed}: ${JSON.stringify(request)}`).toBe(
          JSON.stringify(reference.answer),
        )
      }
      await Promise.all(tiers.map(trial => trial.close()))
    }
    // Otherwise the comparison would say little.
    expect(spliced).toBeGreaterThan(asked / 20)
    process.stdout.write(`${spliced} of ${asked} answers were spliced\n`)
  },
  300_000,
)
