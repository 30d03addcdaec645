import type { ConformanceCase, ConformanceSubgraph } from './conformance-case.ts'

type Given = Readonly<Record<string, unknown>>

const items: ConformanceSubgraph = {
  sdl: `type Query { items: [Item] item(id: ID!): Item } type Item @key(fields: "id") { id: ID! weight: Int price(currency: String = "EUR"): Float parts: [Part] }
    type Part { size: Int label: String }`,
  data: {
    Query: {
      items: [{ id: '1' }, { id: '2' }],
      item: ({ id }: { readonly id: string }) => ({ id }),
    },
    Item: [
      {
        id: '1',
        weight: 3,
        price: ({ currency }: Given) => (currency === 'EUR' ? 1 : 2),
        parts: [
          { size: 1, label: 'x' },
          { size: 2, label: 'y' },
        ],
      },
      { id: '2', weight: null, price: () => null, parts: null },
    ],
  },
}

/** @requires: fields that are computed from fields of other subgraphs. */
export const requirements: readonly ConformanceCase[] = [
  {
    name: '@requires brings what a field is computed from, null included, and shows it to nobody else',
    subgraphs: {
      a: items,
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! weight: Int @external shipping: Int @requires(fields: "weight") }`,
        data: {
          Item: ['1', '2'].map(id => ({
            id,
            shipping: (_: unknown, item: Given) =>
              item['weight'] === null ? -1 : Number(item['weight']) * 10,
          })),
        },
      },
    },
    operations: [
      {
        query: '{ items { shipping } }',
        data: { items: [{ shipping: 30 }, { shipping: -1 }] },
        fetches: ['a { items { id weight } }', 'b { ... on Item { shipping } }'],
      },
    ],
  },
  {
    name: '@requires of a field that requires another itself gets both in their order',
    seen: 'of an object that the subgraph of the second is at, Apollo’s planner asks that subgraph for what it only requires',
    except: { apollo: 'its plan asks a subgraph for an @external field' },
    subgraphs: {
      a: {
        sdl: `type Query { post: Post } type Post @key(fields: "id") { id: ID! author: User @shareable }
          type User @key(fields: "id") { id: ID! name: String @external greeting: String @requires(fields: "name") }`,
        data: {
          Query: { post: { id: '1', author: { id: '1' } } },
          User: [{ id: '1', greeting: (_: unknown, { name }: Given) => `Hello ${String(name)}` }],
        },
      },
      b: {
        sdl: `type Post @key(fields: "id") { id: ID! author: User @external letter: String @requires(fields: "author { line }") }
          type User @key(fields: "id") { id: ID! name: String greeting: String @external line: String @requires(fields: "greeting") }`,
        data: {
          Post: [
            {
              id: '1',
              letter: (_: unknown, { author }: Given) => `${String((author as Given)['line'])} Bye`,
            },
          ],
          User: [{ id: '1', name: 'Ada', line: (_: unknown, { greeting }: Given) => `${String(greeting)}!` }],
        },
      },
    },
    operations: [
      { query: '{ post { author { line } } }', data: { post: { author: { line: 'Hello Ada!' } } } },
      { query: '{ post { letter } }', data: { post: { letter: 'Hello Ada! Bye' } } },
    ],
  },
  {
    name: '@requires with arguments does not replace what the client asks with others',
    subgraphs: {
      a: items,
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! price(currency: String = "EUR"): Float @external tax: Float @requires(fields: "price(currency: \\"USD\\")") }`,
        data: { Item: ['1', '2'].map(id => ({ id, tax: (_: unknown, { price }: Given) => price })) },
      },
    },
    operations: [
      { query: '{ item(id: "1") { price tax } }', data: { item: { price: 1, tax: 2 } } },
      {
        query: '{ item(id: "1") { tax price(currency: "EUR") other: price(currency: "USD") } }',
        data: { item: { tax: 2, price: 1, other: 2 } },
      },
    ],
  },
  {
    name: '@requires without arguments does not replace what the client asks with some',
    subgraphs: {
      a: items,
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! price(currency: String = "EUR"): Float @external tax: Float @requires(fields: "price") }`,
        data: { Item: ['1', '2'].map(id => ({ id, tax: (_: unknown, { price }: Given) => price })) },
      },
    },
    operations: [
      { query: '{ item(id: "1") { price(currency: "USD") tax } }', data: { item: { price: 2, tax: 1 } } },
    ],
  },
  {
    name: '@requires of a field inside objects of a list',
    subgraphs: {
      a: items,
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! parts: [Part] @external total: Int @requires(fields: "parts { size }") } type Part @external { size: Int }`,
        data: {
          Item: ['1', '2'].map(id => ({
            id,
            total: (_: unknown, { parts }: Given) =>
              parts === null
                ? null
                : (parts as readonly { readonly size: number }[]).reduce((sum, { size }) => sum + size, 0),
          })),
        },
      },
    },
    operations: [
      { query: '{ items { total } }', data: { items: [{ total: 3 }, { total: null }] } },
      {
        query: '{ items { parts { label } total } }',
        data: {
          items: [
            { parts: [{ label: 'x' }, { label: 'y' }], total: 3 },
            { parts: null, total: null },
          ],
        },
      },
    ],
  },
  {
    name: 'a chain of @requires is followed in its order',
    subgraphs: {
      a: {
        sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! one: Int }`,
        data: { Query: { item: { id: '1', one: 1 } }, Item: [{ id: '1', one: 1 }] },
      },
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! one: Int @external two: Int @requires(fields: "one") }`,
        data: { Item: [{ id: '1', two: (_: unknown, { one }: Given) => Number(one) + 1 }] },
      },
      c: {
        sdl: `type Item @key(fields: "id") { id: ID! two: Int @external three: Int @requires(fields: "two") }`,
        data: { Item: [{ id: '1', three: (_: unknown, { two }: Given) => Number(two) + 1 }] },
      },
    },
    operations: [{ query: '{ item { three } }', data: { item: { three: 3 } } }],
  },
  {
    name: '@requires that leads back to the subgraph that began',
    subgraphs: {
      a: {
        sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! name: String code: String @external label: String @requires(fields: "code") }`,
        data: {
          Query: { item: { id: '1' } },
          Item: [{ id: '1', name: 'n', label: (_: unknown, { code }: Given) => `n-${String(code)}` }],
        },
      },
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! code: String }`,
        data: { Item: [{ id: '1', code: 'c' }] },
      },
    },
    operations: [
      {
        query: '{ item { name label } }',
        data: { item: { name: 'n', label: 'n-c' } },
        fetches: ['a { item { id name } }', 'b { ... on Item { code } }', 'a { ... on Item { label } }'],
      },
    ],
  },
  {
    name: '@requires of two subgraphs at once waits for both',
    subgraphs: {
      a: {
        sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! }`,
        data: { Query: { item: { id: '1' } } },
      },
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! width: Int }`,
        data: { Item: [{ id: '1', width: 4 }] },
      },
      c: {
        sdl: `type Item @key(fields: "id") { id: ID! height: Int }`,
        data: { Item: [{ id: '1', height: 5 }] },
      },
      d: {
        sdl: `type Item @key(fields: "id") { id: ID! width: Int @external height: Int @external area: Int @requires(fields: "width height") }`,
        data: {
          Item: [{ id: '1', area: (_: unknown, { width, height }: Given) => Number(width) * Number(height) }],
        },
      },
    },
    operations: [{ query: '{ item { area } }', data: { item: { area: 20 } } }],
  },
  {
    name: '@requires through a named and an inline fragment, under an alias',
    subgraphs: {
      a: items,
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! weight: Int @external shipping: Int @requires(fields: "weight") }`,
        data: { Item: ['1', '2'].map(id => ({ id, shipping: (_: unknown, { weight }: Given) => weight })) },
      },
    },
    operations: [
      {
        query: '{ items { ...F ... on Item { weight: id } } } fragment F on Item { cost: shipping }',
        data: {
          items: [
            { cost: 3, weight: '1' },
            { cost: null, weight: '2' },
          ],
        },
      },
    ],
  },
  {
    name: '@requires on fields of an interface tells their types',
    subgraphs: {
      a: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! contact: Contact } interface Contact { text: String }
          type Mail implements Contact @shareable { text: String mail: String } type Phone implements Contact @shareable { text: String number: String }`,
        data: {
          Query: { user: { id: '1' } },
          User: [{ id: '1', contact: { __typename: 'Phone', text: 't', number: '+49' } }],
        },
      },
      b: {
        sdl: `type User @key(fields: "id") { id: ID! contact: Contact @external hint: String @requires(fields: "contact { __typename text ... on Phone { number } }") }
          interface Contact { text: String } type Mail implements Contact @shareable { text: String mail: String } type Phone implements Contact @shareable { text: String number: String }`,
        data: {
          User: [
            {
              id: '1',
              hint: (_: unknown, { contact }: Given) =>
                `${(contact as Record<string, string>)['__typename']} ${(contact as Record<string, string>)['number']}`,
            },
          ],
        },
      },
    },
    operations: [{ query: '{ user { hint } }', data: { user: { hint: 'Phone +49' } } }],
  },
  {
    name: 'a @requires under a condition is not paid for without it',
    subgraphs: {
      a: items,
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! weight: Int @external shipping: Int @requires(fields: "weight") }`,
        data: { Item: ['1', '2'].map(id => ({ id, shipping: (_: unknown, { weight }: Given) => weight })) },
      },
    },
    operations: [
      {
        query: 'query ($x: Boolean!) { items { id ... @include(if: $x) { shipping } } }',
        variables: { x: false },
        data: { items: [{ id: '1' }, { id: '2' }] },
      },
      {
        query: 'query ($x: Boolean!) { items { id ... @include(if: $x) { shipping } } }',
        variables: { x: true },
        data: {
          items: [
            { id: '1', shipping: 3 },
            { id: '2', shipping: null },
          ],
        },
      },
    ],
  },
]
