import { expect, test } from 'vitest'
import { federated } from '../support/federated.ts'

const products = {
  sdl: `
    type Query { products: [Product!]! product(id: ID!): Product }
    type Product @key(fields: "id") { id: ID! name: String! related: [[Product]] }
  `,
  resolvers: {
    Query: {
      products: () => [{ id: '1' }, { id: '2' }],
      product: (_: unknown, { id }: { id: string }) => (id === '0' ? null : { id }),
    },
    Product: {
      name: ({ id }: { id: string }) => `Product ${id}`,
      related: ({ id }: { id: string }) => [[{ id: '2' }, null], null, [{ id }]],
    },
  },
}
const stock = {
  sdl: `type Product @key(fields: "id") { id: ID! inStock: Int! }`,
  resolvers: { Product: { inStock: ({ id }: { id: string }) => Number(id) * 10 } },
}

test('an entity gets its fields from the subgraph that knows its key', async () => {
  const { ask } = federated({ products, stock })
  expect(await ask('{ products { inStock name } }')).toEqual({
    data: {
      products: [
        { inStock: 10, name: 'Product 1' },
        { inStock: 20, name: 'Product 2' },
      ],
    },
  })
})

test('entities inside nested lists with nulls are completed, and each is asked for once', async () => {
  const { ask, subgraph } = federated({ products, stock })
  expect(await ask('{ product(id: 2) { related { inStock } } }')).toEqual({
    data: { product: { related: [[{ inStock: 20 }, null], null, [{ inStock: 20 }]] } },
  })
  expect(subgraph('stock').requests.map(request => request.variables?.['representations'])).toEqual([
    [{ __typename: 'Product', id: '2' }],
  ])
})

test('keys of the answer stand in the order of the query', async () => {
  const { ask } = federated({ products, stock })
  const answer = await ask(
    '{ b: product(id: 1) { inStock __typename z: name id } a: product(id: 0) { id } __typename }',
  )
  expect(JSON.stringify(answer)).toBe(
    '{"data":{"b":{"inStock":10,"__typename":"Product","z":"Product 1","id":"1"},"a":null,"__typename":"Query"}}',
  )
})

test('aliases that are named like key fields do not disturb the plan', async () => {
  const { ask } = federated({ products, stock })
  expect(await ask('{ products { id: name __typename: inStock } }')).toEqual({
    data: {
      products: [
        { id: 'Product 1', __typename: 10 },
        { id: 'Product 2', __typename: 20 },
      ],
    },
  })
})
