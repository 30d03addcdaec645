import { expect, test } from 'vitest'
import { createEngine } from '../../gateway/create-engine.ts'
import type { Engine } from '../../gateway/engine.ts'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import { ask, composeForTest, plannerOfTest } from '../support/federated.ts'
import { inParts, whole } from '../support/in-parts.ts'
import { memoryFeed } from '../support/memory-feed.ts'
import { servedSubgraph } from '../support/served-subgraph.ts'

const people = {
  sdl: `type Query { me: Person } type Mutation { touch: Person } type Person @key(fields: "id") { id: ID! name: String }`,
  resolvers: {
    Query: { me: () => ({ id: '1', name: 'Ada' }) },
    Mutation: { touch: () => ({ id: '1', name: 'Ada' }) },
  },
}

const agesSdl = 'type Person @key(fields: "id") { id: ID! age: Int }'

const before = composeForTest({ people, ages: { sdl: agesSdl } })
const after = composeForTest({ people })

/** How long an answer of `ages` is held back, and how often it was asked. */
function gate() {
  const state = { asked: 0, held: Promise.resolve(), release: (): void => undefined }
  return Object.assign(state, {
    hold: () => void (state.held = new Promise<void>(resolve => (state.release = resolve))),
    age: async () => {
      state.asked++
      await state.held
      return 31
    },
  })
}

const query = '{ me { name age } }'

test.each([
  ['of the compiled tier', async (engine: Engine) => ask(engine, query), 2],
  ['of the generic executor', async (engine: Engine) => ask(engine, query), 0],
  ['that is a mutation', async (engine: Engine) => ask(engine, 'mutation { me: touch { name age } }'), 0],
  [
    'in parts',
    async (engine: Engine) => whole(await inParts(engine, { query: '{ me { name ... @defer { age } } }' })),
    0,
  ],
] as const)(
  'a request %s ends on the supergraph it began on, with a subgraph that the new one does not have',
  async (_, run, warm) => {
    const ages = gate()
    await using first = await servedSubgraph(people)
    await using second = await servedSubgraph({ sdl: agesSdl, resolvers: { Person: { age: ages.age } } })
    const urls = new Map([
      ['people', first.url],
      ['ages', second.url],
    ])
    const feed = memoryFeed(before)
    const engine = createEngine({
      supergraph: await liveSupergraph(feed),
      subgraph: name => httpSubgraph({ name, url: urls.get(name) ?? '' }),
      planner: plannerOfTest,
      compiledAfter: warm > 0 ? 1 : Infinity,
      canary: { mode: 'off' },
    })
    try {
      for (let asked = 0; asked < warm; asked++) await run(engine)
      expect(engine.isCompiled?.(await engine.prepare({ query }))).toBe(warm > 0)
      const known = ages.asked
      ages.hold()
      const answer = run(engine)
      await expect.poll(() => ages.asked).toBe(known + 1)
      feed.offer(after)
      await expect.poll(() => engine.health().supergraph.earlier).toHaveLength(1)
      ages.release()
      expect(await answer).toEqual({ data: { me: { name: 'Ada', age: 31 } } })
    } finally {
      await engine.close()
    }
  },
)

test('connections that supergraphs do not use any more are closed in the end', async () => {
  const at = (turn: number): string => before.replaceAll('people.invalid', `people-${turn}.invalid`)
  const feed = memoryFeed(at(0))
  let [opened, closed] = [0, 0]
  const engine = createEngine({
    supergraph: await liveSupergraph(feed),
    subgraph: name => {
      opened++
      return {
        name,
        execute: async () => ({ data: { me: null } }),
        subscribe: () => {
          throw new Error('not asked')
        },
        close: async () => void closed++,
      }
    },
    planner: plannerOfTest,
  })
  for (let turn = 1; turn <= 30; turn++) {
    feed.offer(at(turn))
    const current = engine.health().supergraph.hash
    await expect.poll(() => engine.health().supergraph.hash, { interval: 2 }).not.toBe(current)
  }
  expect(opened).toBe(32)
  expect(closed).toBeGreaterThan(10)
  // A request that began a few supergraphs ago still has what it began with.
  expect(closed).toBeLessThan(25)
  await engine.close()
  expect(closed).toBe(opened)
})
