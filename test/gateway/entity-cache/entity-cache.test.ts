import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { EngineOptions } from '../../../gateway/create-engine.ts'
import type { SubgraphResponse } from '../../../gateway/execution/subgraph.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { federated } from '../../support/federated.ts'
import type { Federated, SubgraphDefinition } from '../../support/federated.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { cacheControl } from './cache-control-sdl.ts'
import { headed } from './headed.ts'

const shop: Readonly<Record<string, SubgraphDefinition>> = {
  products: {
    sdl: `type Query { product(id: ID!): Product products: [Product] }
      type Mutation { rename(id: ID!, name: String): Product touch: Boolean }
      type Product @key(fields: "id") { id: ID! name: String }`,
    resolvers: {
      Query: {
        product: (_: unknown, { id }: { id: string }) => ({ id, name: `P${id}` }),
        products: () => ['1', '2', '3'].map(id => ({ id, name: `P${id}` })),
      },
      Mutation: {
        rename: (_: unknown, { id, name }: { id: string; name: string }) => ({ id, name }),
        touch: () => true,
      },
    },
  },
  reviews: {
    sdl: `type Product @key(fields: "id") { id: ID! stars: Int! reviews: [Review] } type Review { text: String }`,
    resolvers: {
      Product: {
        stars: ({ id }: { id: string }) => Number(id),
        reviews: ({ id }: { id: string }) => [{ text: `R${id}` }],
      },
    },
  },
}

interface Shop extends Federated {
  readonly clock: ReturnType<typeof manualClock>
  /** Representations that reviews was asked for so far, and requests to products. */
  readonly asked: () => { readonly entities: number; readonly roots: number }
}

/** @param headers What each subgraph says of keeping. */
function open(headers: Readonly<Record<string, string>>, options: Partial<EngineOptions> = {}): Shop {
  const clock = manualClock()
  const graph = federated(shop, { entityCache: {}, clock, ...options })
  for (const [name, cacheControl] of Object.entries(headers)) headed(graph.subgraph(name), { cacheControl })
  const asked = (): { entities: number; roots: number } => ({
    entities: graph.subgraph('reviews').requests.reduce((sum, { variables }) => {
      const representations = variables?.['representations']
      return sum + (Array.isArray(representations) ? representations.length : 0)
    }, 0),
    roots: graph.subgraph('products').requests.length,
  })
  return { ...graph, clock, asked }
}

function degraded(answer: { readonly extensions?: unknown }): unknown {
  return (answer.extensions as { ennead?: { degraded?: unknown } } | undefined)?.ennead?.degraded
}

function down(): Promise<SubgraphResponse> {
  return Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'subgraph "reviews" could not be reached'))
}

const stars = (id: number): string => `{ product(id: ${id}) { name stars } }`

test('nothing is kept unless it is asked for', async () => {
  const graph = open(
    { products: 'max-age=60, public', reviews: 'max-age=60, public' },
    { entityCache: undefined },
  )
  await graph.ask(stars(1))
  await graph.ask(stars(1))
  expect(graph.asked()).toEqual({ entities: 2, roots: 2 })
})

test('an entity is kept by itself: another operation asks only for those that are missing', async () => {
  const graph = open({ reviews: 'max-age=60, public' })
  await graph.ask('query One { product(id: 1) { stars } }')
  const answer = await graph.ask('query Other { all: products { id stars } }')
  expect(answer).toEqual({
    data: {
      all: [
        { id: '1', stars: 1 },
        { id: '2', stars: 2 },
        { id: '3', stars: 3 },
      ],
    },
  })
  expect(graph.asked()).toEqual({ entities: 3, roots: 2 })
})

test('what is kept is another for other fields and other arguments', async () => {
  const graph = open({ products: 'max-age=60, public', reviews: 'max-age=60, public' })
  await graph.ask(stars(1))
  await graph.ask('{ product(id: 1) { name reviews { text } } }')
  await graph.ask(stars(2))
  expect(graph.asked()).toEqual({ entities: 3, roots: 2 + 0 })
  expect(await graph.ask(stars(2))).toEqual({ data: { product: { name: 'P2', stars: 2 } } })
  expect(graph.asked()).toEqual({ entities: 3, roots: 2 })
})

test.each([
  ['no-store', 0],
  ['no-cache, max-age=60', 0],
  ['max-age=0', 0],
  ['max-age=soon', 0],
  ['public', 0],
  ['', 0],
  ['max-age=60', 1],
  ['public, max-age=60', 1],
  ['s-maxage=60, max-age=0', 1],
  ['private, max-age=60', 0],
] as const)(
  'with Cache-Control "%s" an answer to nobody in particular is given again %i times',
  async (header, times) => {
    const graph = open({ reviews: header })
    await graph.ask(stars(1))
    await graph.ask(stars(1))
    expect(graph.asked().entities).toBe(2 - times)
  },
)

test('an answer is given until its age is over, counted from when it was asked for and from its Age', async () => {
  const graph = open({})
  headed(graph.subgraph('reviews'), { cacheControl: 'max-age=60, public', age: '20' })
  await graph.ask(stars(1))
  graph.clock.advance(39_999)
  await graph.ask(stars(1))
  expect(graph.asked().entities).toBe(1)
  graph.clock.advance(1)
  await graph.ask(stars(1))
  expect(graph.asked().entities).toBe(2)
})

test('an answer with an error in it, and an entity that was not found, are not kept', async () => {
  const graph = open({ reviews: 'max-age=60, public' })
  graph.subgraph('reviews').intercept = () =>
    Promise.resolve({
      data: { _entities: [null] },
      http: { status: 200, cacheControl: 'max-age=60, public', age: undefined, vary: undefined },
    })
  expect(await graph.ask('{ product(id: 1) { reviews { text } } }')).toMatchObject({
    data: { product: { reviews: null } },
  })
  headed(graph.subgraph('reviews'), { cacheControl: 'max-age=60, public' })
  expect(await graph.ask('{ product(id: 1) { reviews { text } } }')).toEqual({
    data: { product: { reviews: [{ text: 'R1' }] } },
  })
})

test('a mutation makes what it may have written be asked for again, also what was asked for while it ran', async () => {
  const graph = open({ products: 'max-age=60, public', reviews: 'max-age=60, public' })
  const list = '{ products { name } }'
  await graph.ask(list)
  await graph.ask(list)
  expect(graph.asked().roots).toBe(1)
  await graph.ask('mutation { rename(id: 1, name: "New") { name } }')
  await graph.ask(list)
  expect(graph.asked().roots).toBe(3)
  // One that answers no entity may have changed anything of its subgraph, and of no other.
  await graph.ask(stars(1))
  await graph.ask('mutation { touch }')
  const before = graph.asked()
  await graph.ask(stars(1))
  expect(graph.asked()).toEqual({ entities: before.entities, roots: before.roots + 1 })
  // A query that began before the mutation ended may have seen what was before it.
  let release = (): void => undefined
  const held = new Promise<void>(resolve => (release = resolve))
  const products = graph.subgraph('products')
  const plain = products.intercept
  products.intercept = async (request, context) => {
    const answer = await plain?.(request, context)
    await held
    return answer ?? {}
  }
  const slow = graph.ask('{ products { id name } }')
  while (graph.asked().roots === before.roots + 1) await nextTurn()
  products.intercept = plain
  await graph.ask('mutation { rename(id: 1, name: "Newer") { name } }')
  release()
  await slow
  const known = graph.asked().roots
  await graph.ask('{ products { id name } }')
  expect(graph.asked().roots).toBe(known + 1)
})

test('when a subgraph fails, what was kept too long is given, marked at its paths, and only what is not known is an error', async () => {
  const graph = open({ reviews: 'max-age=1, public' })
  const text = '{ all: products { id reviews { text } } }'
  await graph.ask('{ product(id: 1) { reviews { text } } }')
  await graph.ask('{ p: product(id: 3) { reviews { text } } }')
  graph.clock.advance(5_000)
  graph.subgraph('reviews').intercept = down
  const answer = await graph.ask(text)
  expect(answer.data).toEqual({
    all: [
      { id: '1', reviews: [{ text: 'R1' }] },
      { id: '2', reviews: null },
      { id: '3', reviews: [{ text: 'R3' }] },
    ],
  })
  expect(answer.errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
    [['all', 1, 'reviews'], 'SUBGRAPH_UNREACHABLE'],
  ])
  const mark = { subgraph: 'reviews', agent: 'entity-cache', reason: 'stale', ageMs: 5_000 }
  expect(degraded(answer)).toEqual([
    { path: ['all', 0, 'reviews'], ...mark },
    { path: ['all', 2, 'reviews'], ...mark },
  ])
  headed(graph.subgraph('reviews'), { cacheControl: 'max-age=1, public' })
  const again = await graph.ask(text)
  expect(again.errors).toBeUndefined()
  expect(degraded(again)).toBeUndefined()
})

test('a subgraph that answers that it fails is one that fails', async () => {
  const graph = open({ products: 'max-age=1, public' })
  const text = '{ product(id: 1) { n: name } }'
  await graph.ask(text)
  graph.clock.advance(1_000)
  graph.subgraph('products').intercept = () =>
    Promise.resolve({
      data: null,
      errors: [{ message: 'no database' }],
      http: { status: 503, cacheControl: undefined, age: undefined, vary: undefined },
    })
  const answer = await graph.ask(text)
  expect(answer.data).toEqual({ product: { n: 'P1' } })
  expect(degraded(answer)).toEqual([
    { path: ['product'], subgraph: 'products', agent: 'entity-cache', reason: 'stale', ageMs: 1_000 },
  ])
})

test.each([
  ['max-age=1, public', {}, 60_000],
  ['max-age=1, public', { staleIfErrorMs: 5_000 }, 5_000],
  ['max-age=1, public', { staleIfErrorMs: 0 }, 0],
  ['max-age=1, public, stale-if-error=10', {}, 10_000],
  ['max-age=1, public, stale-if-error=10', { staleIfErrorMs: 5_000 }, 5_000],
  ['max-age=1, public, must-revalidate', {}, 0],
] as const)('"%s" with %j is given for %i ms after its age', async (header, entityCache, ms) => {
  const graph = open({ reviews: header }, { entityCache })
  await graph.ask(stars(1))
  graph.subgraph('reviews').intercept = down
  graph.clock.advance(1_000 + ms - 1)
  expect((await graph.ask(stars(1))).errors).toBeUndefined()
  graph.clock.advance(1)
  expect((await graph.ask(stars(1))).errors).toBeDefined()
})

test('what is not known to be current, a session and a strong read are answered by subgraphs', async () => {
  const graph = open({ products: 'max-age=60, public', reviews: 'max-age=60, public' })
  await graph.ask(stars(1))
  await graph.ask(stars(1), { consistency: { level: 'strong' } })
  expect(graph.asked()).toEqual({ entities: 2, roots: 2 })
})

test('the directives of a supergraph say how long, where a subgraph says nothing', async () => {
  const clock = manualClock()
  const graph = federated(
    {
      products: {
        sdl: `${cacheControl}
          type Query { product: Product @cacheControl(maxAge: 60) other: Product plain: String }
          type Product @key(fields: "id") { id: ID! name: String }`,
        resolvers: { Query: { product: () => ({ id: 1, name: 'P' }), other: () => ({ id: 1, name: 'P' }) } },
      },
      reviews: {
        sdl: `${cacheControl}
          type Product @key(fields: "id") @cacheControl(maxAge: 10) { id: ID! stars: Int }`,
        resolvers: { Product: { stars: () => 5 } },
      },
    },
    { entityCache: {}, clock, compiledAfter: 0 },
  )
  for (const text of ['{ product { name stars } }', '{ other { name stars } }']) {
    await graph.ask(text)
    await graph.ask(text)
  }
  const counts = (): readonly number[] =>
    ['products', 'reviews'].map(name => graph.subgraph(name).requests.length)
  // Apollo Server: the type's 10 s hold for `other` too, and `product` has its own.
  expect(counts()).toEqual([2, 1])
  clock.advance(10_000)
  await graph.ask('{ product { name stars } }')
  expect(counts()).toEqual([2, 2])
  clock.advance(50_000)
  await graph.ask('{ product { name stars } }')
  expect(counts()).toEqual([3, 3])
  expect(graph.spliced()).toBe(0)
})

test('it stays within its entries', async () => {
  const graph = open({ products: 'max-age=60, public' }, { entityCache: { entriesMax: 2 } })
  for (const id of [1, 2, 3, 2, 3, 1]) await graph.ask(`{ product(id: ${id}) { name } }`)
  expect(graph.asked().roots).toBe(4)
})

const everything =
  '{ a: product(id: 1) { stars reviews { text } } b: product(id: 2) { stars } products { name } }'

test.each([
  [{ subgraph: 'products' }, { entities: 0, roots: 1 }],
  [{ subgraph: 'reviews' }, { entities: 2, roots: 0 }],
  [{ type: 'Product' }, { entities: 2, roots: 1 }],
  [{ type: 'Review' }, { entities: 1, roots: 0 }],
  [
    { type: 'Product', subgraph: 'reviews' },
    { entities: 2, roots: 0 },
  ],
  [
    { type: 'Review', subgraph: 'products' },
    { entities: 0, roots: 0 },
  ],
  [
    { type: 'Product', key: { id: '2' } },
    { entities: 1, roots: 1 },
  ],
  [
    { type: 'Product', key: { id: 2 }, subgraph: 'reviews' },
    { entities: 1, roots: 0 },
  ],
  [
    { type: 'Product', key: { id: '7' }, subgraph: 'reviews' },
    { entities: 0, roots: 0 },
  ],
  // Nobody knows which entities have another key that they were not asked with.
  [
    { type: 'Product', key: { sku: 'x' }, subgraph: 'reviews' },
    { entities: 2, roots: 0 },
  ],
])('what %j names is asked for again, once, and nothing else', async (forgetting, expected) => {
  const graph = open({ products: 'max-age=60, public', reviews: 'max-age=60, public' })
  await graph.ask(everything)
  const first = graph.asked()
  await graph.ask(everything)
  expect(graph.asked()).toEqual(first)
  graph.engine.forget?.(forgetting)
  const again = await graph.ask(everything)
  expect(again).toMatchObject({ data: { a: { stars: 1 }, b: { stars: 2 } } })
  const { entities, roots } = graph.asked()
  expect({ entities: entities - first.entities, roots: roots - first.roots }).toEqual(expected)
  await graph.ask(everything)
  expect(graph.asked()).toEqual({ entities, roots })
})

test('what is forgotten is not given when its subgraph fails, nor kept from an answer that was under way', async () => {
  const graph = open({ reviews: 'max-age=60, public' })
  await graph.ask(stars(1))
  const reviews = graph.subgraph('reviews')
  const plain = reviews.intercept
  let release = (): void => undefined
  const held = new Promise<void>(resolve => (release = resolve))
  reviews.intercept = async (request, context) => {
    const answer = await plain?.(request, context)
    await held
    return answer ?? {}
  }
  const slow = graph.ask(stars(2))
  while (graph.asked().entities === 1) await nextTurn()
  graph.engine.forget?.({ type: 'Product' })
  release()
  expect(await slow).toEqual({ data: { product: { name: 'P2', stars: 2 } } })
  reviews.intercept = down
  for (const id of [1, 2]) {
    const answer = await graph.ask(stars(id))
    expect(answer).toMatchObject({ data: { product: null }, errors: [{ path: ['product', 'stars'] }] })
    expect(degraded(answer)).toBeUndefined()
  }
})

test.each([
  [{}, 'name a subgraph, a type, or both'],
  [{ subgraph: 'review' }, 'there is no subgraph "review"; there are products, reviews'],
  [{ type: 'product' }, 'there is no object type, interface or union "product" in this supergraph'],
  [{ type: 'ID' }, 'there is no object type, interface or union "ID" in this supergraph'],
  [{ subgraph: 'reviews', key: { id: 1 } }, 'a key needs its type'],
  [{ type: 'Product', key: {} }, 'a key must be an object'],
])('who wants %j forgotten is told what is wrong', (forgetting, message) => {
  const graph = open({})
  expect(() => graph.engine.forget?.(forgetting)).toThrow(message)
  const without = open({}, { entityCache: undefined })
  expect(() => without.engine.forget?.({ type: 'Product' })).toThrow('start it with --entity-cache')
})
