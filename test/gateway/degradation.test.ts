import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnswerPath, type DegradedPath, boundedMarks } from '../../kernel/degradation.ts'
import type { SubgraphRequest } from '../../gateway/execution/subgraph.ts'
import { federated } from '../support/federated.ts'
import type { RunningSubgraph, SubgraphDefinition } from '../support/federated.ts'
import type { GraphQLAnswer } from '../../gateway/engine.ts'

const stale = { agent: 'nosql', reason: 'stale', ageMs: 1200, behind: 3 }

const shop: Record<string, SubgraphDefinition> = {
  catalog: {
    sdl: `type Query { shelves: [Shelf] first: Book must: Int! } type Shelf { books: [Book] }
          type Book @key(fields: "id") { id: ID! title: String weight: Int sure: Cover! } type Cover { art: String }
          type Subscription { printed: Book }`,
    resolvers: {
      Query: {
        shelves: () => [{ books: [{ id: 1 }, { id: 2 }] }, null, { books: [{ id: 2 }, null] }],
        first: () => ({ id: 1 }),
        must: () => 1,
      },
      Book: {
        title: ({ id }: { id: number }) => `T${id}`,
        weight: () => 10,
        sure: ({ id }: { id: number }) => (id === 2 ? null : { art: 'x' }),
      },
      Subscription: {
        printed: {
          async *subscribe() {
            yield { printed: { id: 1 } }
          },
        },
      },
    },
  },
  reviews: {
    sdl: `type Book @key(fields: "id") { id: ID! weight: Int @external stars: Int postage: Int @requires(fields: "weight") }`,
    resolvers: {
      Book: { stars: () => 5, postage: ({ weight }: { weight: number }) => weight * 2 },
    },
  },
}

/** Lets the subgraph answer as always, with marks at `paths`. */
function mark(
  subgraph: RunningSubgraph,
  paths: readonly unknown[],
  when: (request: SubgraphRequest) => boolean = () => true,
): void {
  subgraph.intercept = async (request, context) => {
    const again = subgraph.intercept
    subgraph.intercept = undefined
    const answer = subgraph.execute(request, context)
    subgraph.intercept = again
    const marks = paths.map(path => ({ path, ...stale }))
    return when(request) ? { ...(await answer), extensions: { ennead: { degraded: marks } } } : answer
  }
}

function marked(answer: GraphQLAnswer): unknown {
  return (answer.extensions?.['ennead'] as { degraded?: unknown } | undefined)?.degraded
}

function paths(answer: GraphQLAnswer): readonly unknown[] {
  return ((marked(answer) ?? []) as { path: unknown }[]).map(({ path }) => path)
}

test('an answer without marks has no extensions', async () => {
  expect(await federated(shop).ask('{ first { stars } }')).toEqual({ data: { first: { stars: 5 } } })
})

test("a subgraph's mark stands at the client's path, with what the subgraph said and its name", async () => {
  const { ask, subgraph } = federated(shop)
  mark(subgraph('catalog'), [['one', 'name']])
  const answer = await ask('{ one: first { name: title stars } }')
  expect(answer).toEqual({
    data: { one: { name: 'T1', stars: 5 } },
    extensions: { ennead: { degraded: [{ path: ['one', 'name'], subgraph: 'catalog', ...stale }] } },
  })
})

test('a name the plan had to change is the client’s again', async () => {
  const { ask, subgraph } = federated(shop)
  const aliased = (request: SubgraphRequest): string => /(\w+):\s*title/.exec(request.query)?.[1] ?? ''
  let seen = ''
  mark(subgraph('catalog'), [], request => ((seen = aliased(request)), false))
  await ask('{ first { id: title stars } }')
  expect(seen).toMatch(/.+_id$/)
  mark(subgraph('catalog'), [['first', seen]])
  expect(paths(await ask('{ first { id: title stars } }'))).toEqual([['first', 'id']])
})

test('an entity that stands in several places is marked at each, whatever the client calls it', async () => {
  const { ask, subgraph } = federated(shop)
  mark(subgraph('reviews'), [['_entities', 1, 'n']])
  expect(paths(await ask('{ s: shelves { b: books { n: stars } } }'))).toEqual([
    ['s', 0, 'b', 1, 'n'],
    ['s', 2, 'b', 0, 'n'],
  ])
  mark(subgraph('reviews'), [['_entities', 0]])
  expect(paths(await ask('{ s: shelves { b: books { n: stars } } }'))).toEqual([['s', 0, 'b', 0]])
})

test.each([[['_entities']], [[]], [['_entities', 7, 'stars']], ['nonsense'], [undefined]])(
  'a mark of entities that names none (%j) marks all of them',
  async path => {
    const { ask, subgraph } = federated(shop)
    mark(subgraph('reviews'), [path])
    expect(paths(await ask('{ shelves { books { stars } } }'))).toEqual([
      ['shelves', 0, 'books', 0],
      ['shelves', 0, 'books', 1],
      ['shelves', 2, 'books', 0],
    ])
  },
)

test('a place that the client did not ask for is left out, but what is computed from it is marked', async () => {
  const { ask, subgraph } = federated(shop)
  mark(subgraph('catalog'), [['first', 'weight']])
  expect(marked(await ask('{ first { stars } }'))).toBeUndefined()
  const answer = await ask('{ first { postage } }')
  expect(answer.data).toEqual({ first: { postage: 20 } })
  expect(marked(answer)).toEqual([{ path: ['first', 'postage'], subgraph: 'catalog', ...stale }])
  const all = paths(await ask('{ first { stars weight postage } }'))
  expect(new Set(all)).toEqual(
    new Set([
      ['first', 'postage'],
      ['first', 'stars'],
      ['first', 'weight'],
    ]),
  )
})

test('a null that a degraded value became is marked', async () => {
  const { ask, subgraph } = federated(shop)
  mark(subgraph('catalog'), [
    ['shelves', 0, 'books', 1, 'sure'],
    ['shelves', 0, 'books', 0, 'sure', 'art'],
  ])
  const answer = await ask('{ shelves { books { sure { art } } } }')
  expect(answer.data).toMatchObject({ shelves: [{ books: [{ sure: { art: 'x' } }, null] }, null, {}] })
  expect(paths(answer)).toEqual([
    ['shelves', 0, 'books', 1],
    ['shelves', 0, 'books', 0, 'sure', 'art'],
  ])
})

test('an answer that became null altogether is marked altogether', async () => {
  const { ask, subgraph } = federated(shop)
  subgraph('catalog').intercept = async () => ({
    data: null,
    errors: [{ message: 'gone', path: ['must'], extensions: { code: 'NOT_FOUND' } }],
    extensions: { ennead: { degraded: [{ path: ['must'], ...stale }] } },
  })
  const answer = await ask('{ must }')
  expect(answer).toMatchObject({ data: null, errors: [{ message: 'gone' }] })
  expect(paths(answer)).toEqual([[]])
})

test('more marks than the limit become one at their common path, as old as the oldest', async () => {
  const many: SubgraphDefinition = {
    sdl: 'type Query { page: Page other: Int } type Page { items: [Item] } type Item { name: String }',
    resolvers: {
      Query: { page: () => ({ items: Array.from({ length: 300 }, () => ({ name: 'n' })) }), other: () => 1 },
    },
  }
  const { ask, subgraph } = federated({ many })
  mark(
    subgraph('many'),
    Array.from({ length: 300 }, (_, index) => ['page', 'items', index, 'name']),
  )
  const answer = await ask('{ page { items { name } } other }')
  expect(marked(answer)).toEqual([{ path: ['page', 'items'], subgraph: 'many', ...stale }])
  mark(
    subgraph('many'),
    Array.from({ length: 1_001 }, () => ['page', 'items', 0, 'name']),
  )
  expect(paths(await ask('{ page { items { name } } other }'))).toEqual([[]])
})

test('marks of a subgraph that make no sense still mark', async () => {
  const { ask, subgraph } = federated(shop)
  const unknown = { path: [], subgraph: 'catalog', agent: 'unknown', reason: 'stale' }
  for (const entry of [
    5,
    null,
    { path: [{}] },
    { path: [-1], agent: 7, ageMs: 'old' },
    { agent: 'x'.repeat(65) },
  ]) {
    subgraph('catalog').intercept = async () => ({
      data: { must: 1 },
      extensions: { ennead: { degraded: [entry] } },
    })
    expect(marked(await ask('{ must }'))).toEqual([unknown])
  }
  for (const extensions of [null, 5, { ennead: null }, { ennead: { degraded: 'yes' } }]) {
    subgraph('catalog').intercept = async () => ({ data: { must: 1 }, extensions })
    expect(await ask('{ must }')).toEqual({ data: { must: 1 } })
  }
})

test('a path that goes on where the answer ends marks what it leads to', async () => {
  const { ask, subgraph } = federated(shop)
  mark(subgraph('catalog'), [
    ['shelves', 9, 'books'],
    ['must', 'more', 1],
  ])
  expect(paths(await ask('{ shelves { books { id } } must }'))).toEqual([['shelves'], ['must']])
})

test('an event of a subscription is marked by itself, its own fields and those of others', async () => {
  const { subscribe, subgraph } = federated(shop)
  mark(subgraph('reviews'), [['_entities', 0, 'stars']])
  const events = await subscribe('subscription { printed { title stars } }')
  expect(paths((await events.next()).value)).toEqual([['printed', 'stars']])
  await events.return?.()
})

test('an answer to somebody whose identity could only be believed is marked as a whole', async () => {
  const { ask } = federated(shop)
  const principal = {
    kind: 'actor',
    actorId: 'a',
    workspaceId: 'w',
    role: 'OWNER',
    scopes: [],
    sessionId: undefined,
    rules: [],
    expiresAt: 2 ** 40,
    source: 'jwt',
  } as const
  const asOf = Math.floor(Date.now() / 1000) - 60
  const answer = await ask('{ must }', { principal: { ...principal, asOf } })
  expect(answer.data).toEqual({ must: 1 })
  expect(marked(answer)).toEqual([
    { path: [], agent: 'jwt', reason: 'unconfirmed', ageMs: expect.any(Number) },
  ])
  const [{ ageMs }] = marked(answer) as [{ ageMs: number }]
  expect(ageMs).toBeGreaterThanOrEqual(60_000)
  expect(ageMs).toBeLessThan(70_000)
  expect(await ask('{ must }', { principal })).toEqual({ data: { must: 1 } })
})

describe('bounding marks', () => {
  const step = fc.oneof(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 2 }))
  const anyMark = fc.record({
    path: fc.array(step, { maxLength: 4 }),
    agent: fc.constantFrom('sql', 'nosql'),
    reason: fc.constantFrom('stale', 'unconfirmed'),
    ageMs: fc.oneof(fc.nat(100), fc.constant(undefined)),
  })
  const covers = (cover: AnswerPath, path: AnswerPath): boolean =>
    cover.every((one, index) => path[index] === one)
  const atLeastAsOld = (one: DegradedPath, other: DegradedPath): boolean =>
    one.ageMs === undefined || (other.ageMs !== undefined && one.ageMs >= other.ageMs)

  test('loses no mark and makes none younger, and keeps to the limit', () => {
    fc.assert(
      fc.property(fc.array(anyMark, { maxLength: 40 }), fc.integer({ min: 1, max: 10 }), (marks, max) => {
        const bounded = boundedMarks(marks, max)
        expect(bounded.length).toBeLessThanOrEqual(max)
        for (const mark of marks) {
          const covering = bounded.filter(
            one =>
              covers(one.path, mark.path) &&
              atLeastAsOld(one, mark) &&
              (one.agent === 'several' || (one.agent === mark.agent && one.reason === mark.reason)),
          )
          expect(covering.length).toBeGreaterThan(0)
        }
        // Nothing is marked whole unless that is needed.
        if (marks.length <= max)
          for (const { path } of bounded) expect(marks.map(m => m.path)).toContainEqual(path)
      }),
    )
  })
})
