import { GraphQLError } from 'graphql'
import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { contextForTest, federated } from '../support/federated.ts'
import type { SubgraphDefinition } from '../support/federated.ts'

const shop: Record<string, SubgraphDefinition> = {
  catalog: {
    sdl: `type Query { shelves: [Shelf] first: Book must: Int! } type Shelf { books: [Book] }
          type Book @key(fields: "id") { id: ID! title: String }`,
    resolvers: {
      Query: {
        shelves: () => [{ books: [{ id: 1 }, { id: 2 }] }, null, { books: [{ id: 2 }, null] }],
        first: () => ({ id: 1 }),
        must: () => 1,
      },
      Book: { title: ({ id }: { id: number }) => `T${id}` },
    },
  },
  reviews: {
    sdl: `type Book @key(fields: "id") { id: ID! stars: Int sure: Int! review: Review } type Review { text: String! by: [String!] }`,
    resolvers: {
      Book: {
        stars: ({ id }: { id: string }) => {
          if (id === '2')
            throw new GraphQLError('no stars', {
              extensions: { code: 'STARLESS', more: 1, stacktrace: ['at x'] },
            })
          return 5
        },
        sure: ({ id }: { id: string }) => (id === '2' ? null : 1),
        review: ({ id }: { id: string }) => ({ text: id === '2' ? null : 'fine', by: ['a', null] }),
      },
    },
  },
}

test("a subgraph's error stands at the client's path, once for every place of the entity, with its code", async () => {
  const { ask } = federated(shop)
  const answer = await ask('{ s: shelves { b: books { n: stars } } }')
  const error = { message: 'no stars', extensions: { code: 'STARLESS', more: 1, subgraph: 'reviews' } }
  expect(answer).toEqual({
    data: { s: [{ b: [{ n: 5 }, { n: null }] }, null, { b: [{ n: null }, null] }] },
    errors: [
      { ...error, path: ['s', 0, 'b', 1, 'n'] },
      { ...error, path: ['s', 2, 'b', 0, 'n'] },
    ],
  })
})

test('a dead subgraph blanks its own fields only, with an error at each', async () => {
  const { ask, subgraph } = federated(shop)
  subgraph('reviews').intercept = () =>
    Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'subgraph "reviews" could not be reached'))
  const answer = await ask('{ first { title stars review { text } } shelves { books { stars } } }')
  const error = {
    message: 'subgraph "reviews" could not be reached',
    extensions: { code: 'SUBGRAPH_UNREACHABLE', subgraph: 'reviews' },
  }
  expect(answer.data).toEqual({
    first: { title: 'T1', stars: null, review: null },
    shelves: [{ books: [{ stars: null }, { stars: null }] }, null, { books: [{ stars: null }, null] }],
  })
  expect(answer.errors).toEqual([
    { ...error, path: ['first', 'stars'] },
    { ...error, path: ['first', 'review'] },
    { ...error, path: ['shelves', 0, 'books', 0, 'stars'] },
    { ...error, path: ['shelves', 0, 'books', 1, 'stars'] },
    { ...error, path: ['shelves', 2, 'books', 0, 'stars'] },
  ])
})

test('a failed fetch under a non-null field is one error, not two', async () => {
  const { ask, subgraph } = federated(shop)
  subgraph('reviews').intercept = () => Promise.reject(new EnneadError('SUBGRAPH_TIMEOUT', 'too late'))
  expect(await ask('{ first { title sure } }')).toEqual({
    data: { first: null },
    errors: [
      {
        message: 'too late',
        path: ['first', 'sure'],
        extensions: { code: 'SUBGRAPH_TIMEOUT', subgraph: 'reviews' },
      },
    ],
  })
})

test('a null that went up inside a subgraph leaves its fields null, with the one error that explains it', async () => {
  const { ask } = federated(shop)
  const answer = await ask('{ shelves { books { id sure } } }')
  expect(answer.data).toEqual({
    shelves: [{ books: [{ id: '1', sure: 1 }, null] }, null, { books: [null, null] }],
  })
  expect(answer.errors?.map(({ path }) => path)).toEqual([
    ['shelves', 0, 'books', 1, 'sure'],
    ['shelves', 2, 'books', 0, 'sure'],
  ])
})

test('null propagation stops at the nearest place that may be null', async () => {
  const { ask, subgraph } = federated(shop)
  subgraph('catalog').intercept = async () => ({ data: { must: null, first: { id: '1', title: 'T' } } })
  expect(await ask('{ first { title } must }')).toEqual({
    data: null,
    errors: [
      {
        message: 'Cannot return null for non-nullable field Query.must.',
        path: ['must'],
        extensions: { code: 'SUBGRAPH_BAD_ANSWER' },
      },
    ],
  })
})

test('messages of uncoded errors are masked, told apart by an errorId, and logged', async () => {
  const lines: unknown[] = []
  const log = {
    debug: () => undefined,
    info: () => undefined,
    error: () => undefined,
    warn: (event: string, facts?: object) => lines.push({ event, ...facts }),
    with: () => log,
  }
  const { ask, subgraph } = federated(shop, { maskErrors: true, log })
  subgraph('catalog').intercept = async () => ({
    data: { first: null },
    errors: [
      { message: 'postgres://secret@db', path: ['first'] },
      { message: 'kept', path: ['first'], extensions: { code: 'NOT_FOUND' } },
      { message: 'secret 2', extensions: { code: 'INTERNAL_SERVER_ERROR', exception: { stack: 'x' } } },
    ],
  })
  const answer = await ask('{ first { title } }')
  expect(JSON.stringify(answer)).not.toContain('secret')
  expect(answer.errors).toEqual([
    {
      message: 'subgraph "catalog" failed',
      path: ['first'],
      extensions: { code: 'SUBGRAPH_ERROR', subgraph: 'catalog', errorId: 'request-1' },
    },
    { message: 'kept', path: ['first'], extensions: { code: 'NOT_FOUND', subgraph: 'catalog' } },
    {
      message: 'subgraph "catalog" failed',
      extensions: { code: 'SUBGRAPH_ERROR', subgraph: 'catalog', errorId: 'request-1' },
    },
  ])
  expect(JSON.stringify(lines)).toContain('postgres://secret@db')
})

test.each([
  ['an entity list that is too short', { data: { _entities: [] } }],
  ['no entity list', { data: {} }],
  ['nothing', {}],
  ['a string for data', { data: 'x' }],
  ['errors that are no list', { data: null, errors: 'x' }],
])('%s is SUBGRAPH_BAD_ANSWER at the missing field', async (_, response) => {
  const { ask, subgraph } = federated(shop)
  // Subgraphs answer anything; that is the point.
  subgraph('reviews').intercept = async () => response as never
  expect(await ask('{ first { title stars } }')).toMatchObject({
    data: { first: { title: 'T1', stars: null } },
    errors: [{ path: ['first', 'stars'], extensions: { code: 'SUBGRAPH_BAD_ANSWER', subgraph: 'reviews' } }],
  })
})

test.each([
  ['a list for an object', [], ['first']],
  ['a number for an object', 5, ['first']],
  ['an object for a string', { id: '1', title: {} }, ['first', 'title']],
])('%s is null with an error', async (_, first, path) => {
  const { ask, subgraph } = federated(shop)
  subgraph('catalog').intercept = async () => ({ data: { first, must: 1 } })
  const answer = await ask('{ must first { id title } }')
  expect(answer.data?.['must']).toBe(1)
  expect(answer.errors).toMatchObject([{ path, extensions: { code: 'SUBGRAPH_BAD_ANSWER' } }])
})

test('errors without a path and malformed errors are told, never thrown', async () => {
  const { ask, subgraph } = federated(shop)
  const errors = [null, 5, { message: 1 }, { message: 'm', path: 'first' }, { message: 'm', path: [{}] }]
  // As above.
  subgraph('catalog').intercept = async () => ({ data: { must: 1 }, errors: errors as never })
  const answer = await ask('{ must }')
  expect(answer.data).toEqual({ must: 1 })
  expect(answer.errors).toHaveLength(5)
})

test('an answer that comes too late is missing, and the rest is there at the deadline', async () => {
  const { ask, subgraph } = federated(shop)
  let aborted = false
  subgraph('reviews').intercept = (_, { signal }) => {
    signal.addEventListener('abort', () => (aborted = true))
    return new Promise(() => undefined)
  }
  expect(await ask('{ first { title stars } }', { remainingMs: 50 })).toMatchObject({
    data: { first: { title: 'T1', stars: null } },
    errors: [{ path: ['first', 'stars'], extensions: { code: 'SUBGRAPH_TIMEOUT', subgraph: 'reviews' } }],
  })
  expect(aborted).toBe(true)
})

test('nothing is asked once the time is used up or the caller has left', async () => {
  const { ask, subgraph } = federated(shop)
  expect(await ask('{ first { title } }', { remainingMs: 0 })).toMatchObject({
    data: { first: null },
    errors: [{ path: ['first'], extensions: { code: 'DEADLINE_EXCEEDED' } }],
  })
  expect(await ask('{ first { title } }', { signal: AbortSignal.abort() })).toMatchObject({
    errors: [{ extensions: { code: 'CANCELLED' } }],
  })
  expect(subgraph('catalog').requests).toEqual([])
})

test('a @requires is not asked without what a dead subgraph should have brought', async () => {
  const { ask, subgraph } = federated({
    a: {
      sdl: `type Query { box: Box } type Box @key(fields: "id") { id: ID! }`,
      resolvers: { Query: { box: () => ({ id: 1 }) } },
    },
    b: { sdl: `type Box @key(fields: "id") { id: ID! size: Int }` },
    c: {
      sdl: `type Box @key(fields: "id") { id: ID! size: Int @external cost: Int @requires(fields: "size") }`,
      resolvers: { Box: { cost: () => 1 } },
    },
  })
  subgraph('b').intercept = () => Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'b is away'))
  expect(await ask('{ box { cost } }')).toEqual({
    data: { box: { cost: null } },
    errors: [
      {
        message: 'b is away',
        path: ['box', 'cost'],
        extensions: { code: 'SUBGRAPH_UNREACHABLE', subgraph: 'b' },
      },
    ],
  })
  expect(subgraph('c').requests).toEqual([])
})

test('the health of subgraphs is that of their last call', async () => {
  const { ask, engine, subgraph } = federated(shop)
  expect(engine.health()).toMatchObject({ ready: true, supergraph: { refused: undefined } })
  subgraph('reviews').intercept = () => Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'away'))
  await ask('{ first { stars } }')
  expect(engine.health().subgraphs).toEqual([
    { name: 'catalog', state: 'ok', detail: 'answered its last call' },
    { name: 'reviews', state: 'failing', detail: 'SUBGRAPH_UNREACHABLE' },
  ])
  subgraph('reviews').intercept = undefined
  await ask('{ first { stars } }')
  expect(engine.health().subgraphs.map(({ state }) => state)).toEqual(['ok', 'ok'])
})

test('an answer holds at most 200 errors', async () => {
  const { ask, subgraph } = federated(shop)
  const books = Array.from({ length: 1_000 }, (_, id) => ({ __typename: 'Book', id: String(id) }))
  subgraph('catalog').intercept = async () => ({ data: { shelves: [{ books }] } })
  subgraph('reviews').intercept = () => Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'away'))
  expect((await ask('{ shelves { books { stars } } }', contextForTest())).errors).toHaveLength(200)
})
