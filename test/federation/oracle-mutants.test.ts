import { expect, test } from 'vitest'
import { createEngine } from '../../gateway/create-engine.ts'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { ConnectSubgraph } from '../../gateway/execution/subgraphs.ts'
import type { SubgraphRequest, SubgraphResponse } from '../../gateway/execution/subgraph.ts'
import { sharedPlanner } from '../support/shared-planners.ts'
import type { EngineVariant } from './engine-variants.ts'
import { fuzz } from './oracle/fuzz.ts'
import { noTally } from './oracle/tally.ts'

type Change = (response: SubgraphResponse, request: SubgraphRequest) => SubgraphResponse

/** Cases within which each wrong gateway must be noticed. */
const casesMax = 300

/** A gateway that does something wrong with what subgraphs are asked or answer. */
function mutant(
  change: Change,
  ask: (request: SubgraphRequest) => SubgraphRequest = each => each,
): EngineVariant {
  const changing =
    (connect: ConnectSubgraph): ConnectSubgraph =>
    (name, url) => {
      const subgraph = connect(name, url)
      return {
        ...subgraph,
        execute: async (request, context) => change(await subgraph.execute(ask(request), context), request),
      }
    }
  return {
    name: 'apollo',
    tier: 'generic',
    build: (options: EngineOptions) =>
      createEngine({
        ...options,
        compiledAfter: Infinity,
        planner: supergraph => sharedPlanner('apollo', supergraph),
        subgraph: changing(options.subgraph),
      }),
  }
}

const same: Change = response => response

function entitiesOf({ data }: SubgraphResponse): readonly unknown[] | undefined {
  const entities = (data as Readonly<Record<string, unknown>> | null | undefined)?.['_entities']
  return Array.isArray(entities) ? entities : undefined
}

test.each<[string, EngineVariant]>([
  [
    'gives entities to each other’s places',
    mutant(response => {
      const entities = entitiesOf(response)
      return entities === undefined ? response : { ...response, data: { _entities: entities.toReversed() } }
    }),
  ],
  ['loses errors', mutant(response => ({ ...response, errors: [] }))],
  [
    'loses the last entity',
    mutant(response => {
      const entities = entitiesOf(response)
      return entities === undefined
        ? response
        : { ...response, data: { _entities: [...entities.slice(0, -1), null] } }
    }),
  ],
  [
    'takes every condition as met',
    mutant(same, request => ({
      ...request,
      query: request.query.replaceAll(/@(?:skip|include)\(if: ?\$\w+\)/g, ''),
    })),
  ],
])(
  'a gateway that %s is found out',
  async (_, variant) => {
    const tally = noTally()
    for await (const { outcome } of fuzz([variant], 3_000_000, tally, () => tally.cases >= casesMax, 30)) {
      expect(outcome.fault).toBeDefined()
      return
    }
    expect.unreachable(`nothing wrong in ${tally.cases} cases`)
  },
  60_000,
)

test('the same gateway without a change is not', async () => {
  const tally = noTally()
  for await (const { outcome } of fuzz([mutant(same)], 3_000_000, tally, () => tally.cases >= 60, 30)) {
    expect.unreachable(outcome.fault?.detail)
  }
  expect(tally.cases).toBeGreaterThanOrEqual(60)
}, 60_000)
