import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Forgetting } from '../../../gateway/execution/entity-cache/forgotten.ts'
import { federated } from '../../support/federated.ts'
import type { SubgraphDefinition } from '../../support/federated.ts'
import { headed } from './headed.ts'

const ids = ['1', '2', '3']

/** What is true now: a version of every product in every subgraph, and of every maker. */
function world() {
  const versions = new Map<string, number>()
  const version = (name: string): number => versions.get(name) ?? 0
  const product = (id: string) => ({ id, sku: `s${id}`, name: () => version(`catalog ${id}`) })
  const definitions: Readonly<Record<string, SubgraphDefinition>> = {
    catalog: {
      sdl: `type Query { product(id: ID!): Product products: [Thing] }
        interface Thing { id: ID! }
        type Product implements Thing @key(fields: "id") @key(fields: "sku") { id: ID! sku: String name: Int }`,
      resolvers: {
        Query: {
          product: (_: unknown, { id }: { id: string }) => product(id),
          products: () => ids.map(product),
        },
        Thing: { __resolveType: () => 'Product' },
      },
    },
    reviews: {
      sdl: `type Product @key(fields: "id") { id: ID! stars: Int similar: [Product] maker: Maker }
        type Maker { name: Int }`,
      resolvers: {
        Product: {
          stars: ({ id }: { id: string }) => version(`reviews ${id}`),
          similar: ({ id }: { id: string }) => ids.filter(each => each !== id).map(each => ({ id: each })),
          maker: ({ id }: { id: string }) => ({ name: version(`maker ${id}`) }),
        },
      },
    },
  }
  return { definitions, write: (name: string) => versions.set(name, version(name) + 1) }
}

const operations = [
  '{ product(id: 1) { name } }',
  '{ product(id: 2) { name stars } }',
  '{ products { id ... on Product { name } } }',
  '{ products { ... on Product { stars } } }',
  '{ product(id: 1) { stars similar { id stars name } } }',
  '{ product(id: 3) { maker { name } } products { ... on Product { maker { name } } } }',
]

interface Written {
  readonly name: string
  /** Everything of this must be asked for again, at least. */
  readonly forgetting: Forgetting
}

function waysOf(subgraph: string, id: string): readonly Forgetting[] {
  const type = 'Product'
  return [
    { subgraph },
    { type },
    { type: 'Thing' },
    { type, subgraph },
    { type, key: { id } },
    { type, key: { id: Number(id) }, subgraph },
    { type: 'Thing', key: { id } },
    { type, key: { sku: `s${id}` } },
  ]
}

const written: fc.Arbitrary<Written> = fc
  .tuple(fc.constantFrom('catalog', 'reviews', 'maker'), fc.constantFrom(...ids))
  .chain(([what, id]) => {
    const ways = what === 'maker' ? [{ subgraph: 'reviews' }, { type: 'Maker' }] : waysOf(what, id)
    return fc.record({ name: fc.constant(`${what} ${id}`), forgetting: fc.constantFrom(...ways) })
  })

const step = fc.oneof(
  { weight: 2, arbitrary: fc.nat(operations.length - 1) },
  { weight: 1, arbitrary: written },
)

test('whatever was kept, nothing of what was written elsewhere and then forgotten is given', async () => {
  let kept = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async steps => {
      const { definitions, write } = world()
      const observe = ({ is, ...event }: { readonly is: string }): void => {
        if (is === 'entityCache' && 'outcome' in event && event.outcome === 'fresh') kept++
      }
      const graph = federated(definitions, { entityCache: {}, observe })
      const truth = federated(definitions)
      for (const name of Object.keys(definitions)) {
        headed(graph.subgraph(name), { cacheControl: 'max-age=600, public' })
      }
      for (const each of steps) {
        if (typeof each === 'number') {
          const text = operations[each] ?? ''
          expect(await graph.ask(text)).toEqual(await truth.ask(text))
        } else {
          write(each.name)
          graph.engine.forget?.(each.forgetting)
        }
      }
    }),
    { numRuns: 60 },
  )
  expect(kept).toBeGreaterThan(100)
})
