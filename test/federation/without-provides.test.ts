import { expect, test } from 'vitest'
import { ApolloPlanner } from '../../gateway/planning/apollo-planner.ts'
import { externalsAsked } from '../../gateway/planning/lint-externals.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { withoutProvides } from '../../gateway/supergraph/without-provides.ts'
import { composeForTest } from '../support/federated.ts'
import { randomModel } from './oracle/random-model.ts'
import { Trial } from './oracle/trial.ts'

const seeds = Array.from({ length: 50 }, (_, index) => 90_000 + index)

test('without @provides every random graph can still be planned on', async () => {
  let tried = 0
  for (const seed of seeds) {
    const sdl = await composed(seed)
    if (sdl?.includes('provides: "') !== true) continue
    tried++
    const stripped = withoutProvides(sdl)
    expect(stripped).not.toContain('provides: "')
    // It reads the subgraphs out of the supergraph, and refuses fields that stand there for nothing.
    expect(() => new ApolloPlanner(loadSupergraph(stripped)), `seed ${seed}`).not.toThrow()
  }
  expect(tried).toBeGreaterThan(10)
})

test('an external field of which only a context is made stays', async () => {
  const sdl = composeForTest({
    a: {
      sdl: `type Query { user: User @provides(fields: "mail") } type User @key(fields: "id") @context(name: "ctx") { id: ID! lang: String @external mail: String @external post: Post }
        type Post @key(fields: "id") { id: ID! title(lang: String @fromContext(field: "$ctx { lang }")): String }`,
    },
    b: { sdl: `type User @key(fields: "id") { id: ID! lang: String @shareable mail: String @shareable }` },
  })
  const stripped = loadSupergraph(withoutProvides(sdl))
  const plan = await new ApolloPlanner(stripped).plan({
    text: '{ user { mail post { title } } }',
    operationName: undefined,
  })
  expect(externalsAsked(plan, loadSupergraph(sdl).externals, stripped.apiSchema)).toEqual([])
  expect(JSON.stringify(plan)).toContain('contextRewrites')
})

/** Undefined: the graph does not compose. */
async function composed(seed: number): Promise<string | undefined> {
  try {
    const trial = new Trial(randomModel(seed), [])
    await trial.close()
    return trial.supergraph
  } catch {
    return undefined
  }
}
