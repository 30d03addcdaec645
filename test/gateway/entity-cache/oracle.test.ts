import { expect, test } from 'vitest'
import { createEngine } from '../../../gateway/create-engine.ts'
import type { EngineOptions } from '../../../gateway/create-engine.ts'
import type { Engine } from '../../../gateway/engine.ts'
import type { ConnectSubgraph } from '../../../gateway/execution/subgraphs.ts'
import type { EngineVariant } from '../../federation/engine-variants.ts'
import { fuzz } from '../../federation/oracle/fuzz.ts'
import { describeFound } from '../../federation/oracle/report.ts'
import { noTally } from '../../federation/oracle/tally.ts'
import { sharedPlanner } from '../../support/shared-planners.ts'

const casesMax = 120
/** Few, for several graphs. */
const operationsPerGraph = 20
let given = 0

/** As if every subgraph allowed every answer to be kept. */
function keeping(connect: ConnectSubgraph): ConnectSubgraph {
  const http = { status: 200, cacheControl: 'public, max-age=600', age: undefined, vary: undefined }
  return (name, url) => {
    const subgraph = connect(name, url)
    return {
      ...subgraph,
      execute: async (request, context) => ({ ...(await subgraph.execute(request, context)), http }),
    }
  }
}

const variants: readonly EngineVariant[] = (['apollo'] as const).map(name => ({
  name,
  tier: 'generic',
  build(options: EngineOptions): Engine {
    return createEngine({
      ...options,
      planner: supergraph => sharedPlanner(name, supergraph),
      subgraph: keeping(options.subgraph),
      entityCache: {},
      observe(event) {
        if (event.is === 'entityCache' && event.outcome === 'fresh') given += event.count
      },
    })
  },
}))

test('random operations on random graphs are answered as without a cache, whatever was kept before', async () => {
  const tally = noTally()
  // Each graph is asked many operations, each with several conditions, so that parts of many are kept already.
  for await (const found of fuzz(
    variants,
    2_000_000,
    tally,
    () => tally.cases >= casesMax,
    operationsPerGraph,
  )) {
    expect.unreachable(await describeFound(found))
  }
  expect(given).toBeGreaterThan(casesMax / 3)
}, 120_000)
