import { expect, test } from 'vitest'
import { federated, plannerForTest } from '../support/federated.ts'

test('a compound key is sent whole', async () => {
  const { ask, subgraph } = federated({
    a: {
      sdl: `type Query { item: Item } type Item @key(fields: "id owner { id }") { id: ID! owner: Owner! }
            type Owner @shareable { id: ID! }`,
      resolvers: { Query: { item: () => ({ id: 1, owner: { id: 7 } }) } },
    },
    b: {
      sdl: `type Item @key(fields: "id owner { id }") { id: ID! owner: Owner! label: String }
            type Owner @shareable { id: ID! }`,
      resolvers: {
        Item: { label: (item: { id: string; owner: { id: string } }) => `${item.owner.id}/${item.id}` },
      },
    },
  })
  expect(await ask('{ item { label } }')).toEqual({ data: { item: { label: '7/1' } } })
  expect(subgraph('b').requests[0]?.variables).toEqual({
    representations: [{ __typename: 'Item', id: '1', owner: { id: '7' } }],
  })
})

test('an unresolvable key listed first does not become the way to an entity', async () => {
  const { ask } = federated(
    {
      a: {
        sdl: `type Query { item: Item } type Item @key(fields: "id") @key(fields: "code") { id: ID! code: ID! }`,
        resolvers: { Query: { item: () => ({ id: 1, code: 'x' }) } },
      },
      b: {
        sdl: `type Item @key(fields: "code", resolvable: false) @key(fields: "id") { id: ID! code: ID! @shareable label: String }`,
        resolvers: { Item: { label: ({ id, code }: { id?: string; code?: string }) => `${id} ${code}` } },
      },
    },
    {},
  )
  expect(await ask('{ item { label } }')).toEqual({ data: { item: { label: '1 undefined' } } })
})

const shipping = {
  products: {
    sdl: `type Query { products: [Product] } type Product @key(fields: "id") { id: ID! size: Size weight(unit: Unit): Int }
          type Size { height: Int width: Int } enum Unit { G KG }`,
    resolvers: {
      Query: { products: () => [{ id: 1 }, { id: 2 }] },
      Product: {
        size: ({ id }: { id: number }) => (id === 1 ? { height: 2, width: 3 } : null),
        weight: ({ id }: { id: string }, { unit }: { unit?: string }) =>
          Number(id) * (unit === 'G' ? 1000 : 1),
      },
    },
  },
  shipping: {
    sdl: `type Product @key(fields: "id") { id: ID! size: Size @external weight(unit: Unit): Int @external
            volume: Int @requires(fields: "size { height width }") cost: Int @requires(fields: "weight(unit: G)") }
          type Size { height: Int @external width: Int @external } enum Unit { G KG }`,
    resolvers: {
      Product: {
        volume: ({ size }: { size?: { height: number; width: number } }) =>
          size ? size.height * size.width : -1,
        cost: ({ weight }: { weight: number }) => weight / 2,
      },
    },
  },
}

test('@requires sends what it needs, null included', async () => {
  const { ask } = federated(shipping)
  expect(await ask('{ products { volume size { width: height height: width } } }')).toEqual({
    data: {
      products: [
        { volume: 6, size: { width: 2, height: 3 } },
        { volume: -1, size: null },
      ],
    },
  })
})

test("a client's arguments are not replaced by those of a @requires", async () => {
  const { ask } = federated(shipping)
  expect(await ask('{ products { cost weight(unit: KG) w: weight } }')).toEqual({
    data: {
      products: [
        { cost: 500, weight: 1, w: 1 },
        { cost: 1000, weight: 2, w: 2 },
      ],
    },
  })
})

test('@provides saves the fetch', async () => {
  const { ask, subgraph } = federated({
    a: {
      sdl: `type Query { top: Item @provides(fields: "name") } type Item @key(fields: "id") { id: ID! name: String @external }`,
      resolvers: { Query: { top: () => ({ id: 1, name: 'given' }) } },
    },
    b: { sdl: `type Item @key(fields: "id") { id: ID! name: String @shareable }` },
  })
  expect(await ask('{ top { name } }')).toEqual({ data: { top: { name: 'given' } } })
  expect(subgraph('b').requests).toEqual([])
})

test('@override moves a field to its new subgraph', async () => {
  const { ask } = federated({
    old: {
      sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! price: Int }`,
      resolvers: { Query: { item: () => ({ id: 1 }) }, Item: { price: () => 1 } },
    },
    fresh: {
      sdl: `type Item @key(fields: "id") { id: ID! price: Int @override(from: "old") }`,
      resolvers: { Item: { price: () => 2 } },
    },
  })
  expect(await ask('{ item { price } }')).toEqual({ data: { item: { price: 2 } } })
})

test('@shareable value types are taken from where they stand', async () => {
  const { ask } = federated({
    a: {
      sdl: `type Query { here: Point } type Point @shareable { x: Int y: Int }`,
      resolvers: { Query: { here: () => ({ x: 1, y: 2 }) } },
    },
    b: {
      sdl: `type Query { there: Point } type Point @shareable { x: Int y: Int }`,
      resolvers: { Query: { there: () => ({ x: 3, y: 4 }) } },
    },
  })
  expect(await ask('query { there { y x } here { x } }')).toEqual({
    data: { there: { y: 4, x: 3 }, here: { x: 1 } },
  })
})

const media = {
  catalog: {
    sdl: `type Query { media: [Media!]! any: [Any] }
          interface Media { id: ID! title: String! }
          type Book implements Media @key(fields: "id") { id: ID! title: String! pages: Int }
          type Film implements Media @key(fields: "id") { id: ID! title: String! minutes: Int }
          union Any = Book | Film`,
    resolvers: {
      Query: {
        media: () => [
          { __typename: 'Book', id: 'b1', title: 'B', pages: 10 },
          { __typename: 'Film', id: 'f1', title: 'F', minutes: 90 },
        ],
        any: () => [{ __typename: 'Film', id: 'f1', title: 'F', minutes: 90 }, null],
      },
    },
  },
  ratings: {
    sdl: `type Book @key(fields: "id") { id: ID! stars: Int } type Film @key(fields: "id") { id: ID! stars: Float }`,
    resolvers: { Book: { stars: () => 4 }, Film: { stars: () => 3.5 } },
  },
}

test('fragments on interfaces and unions give each object what its type was asked for', async () => {
  const { ask } = federated(media)
  const answer = await ask(`{
    media { ...Common ... on Book { pages stars } ... on Film { film: __typename rating: stars } }
    any { ... on Media { title } ... on Film { minutes stars } ... on Book { pages } }
  }
  fragment Common on Media { __typename id }`)
  expect(answer).toEqual({
    data: {
      media: [
        { __typename: 'Book', id: 'b1', pages: 10, stars: 4 },
        { __typename: 'Film', id: 'f1', film: 'Film', rating: 3.5 },
      ],
      any: [{ title: 'F', minutes: 90, stars: 3.5 }, null],
    },
  })
})

test('fields of one name and different types in a subgraph keep their names, in data and error paths', async () => {
  const fail = (): never => {
    throw new Error('broken')
  }
  const { ask, subgraph } = federated({
    a: {
      sdl: `type Query { things: [Thing] } interface Thing { id: ID! }
            type A implements Thing @key(fields: "id") { id: ID! value: Int! @shareable }
            type B implements Thing @key(fields: "id") { id: ID! value: Int @shareable }`,
      resolvers: {
        Query: {
          things: () => [
            { __typename: 'A', id: 1, value: 1 },
            { __typename: 'B', id: 2, value: fail },
          ],
        },
      },
    },
    b: { sdl: `type A @key(fields: "id") { id: ID! value: Int @shareable }` },
  })
  const answer = await ask('{ things { ... on A { value } ... on B { value } } }')
  expect(subgraph('a').requests[0]?.query).toMatch(/_alias_\d+: ?value/)
  expect(answer).toMatchObject({
    data: { things: [{ value: 1 }, { value: null }] },
    errors: [{ message: 'broken', path: ['things', 1, 'value'] }],
  })
})

const actors = {
  people: {
    sdl: `interface Actor @key(fields: "id") { id: ID! name: String! }
          type User implements Actor @key(fields: "id") { id: ID! name: String! email: String }
          type Bot implements Actor @key(fields: "id") { id: ID! name: String! owner: User }
          type Query { actors: [Actor!]! }`,
    resolvers: {
      Query: {
        actors: () => [
          { __typename: 'User', id: 'u1', name: 'Ann' },
          { __typename: 'Bot', id: 'b1', name: 'Bo' },
        ],
      },
      Actor: {
        __resolveReference: ({ id }: { id: string }) =>
          id.startsWith('u')
            ? { __typename: 'User', id, name: `User ${id}`, email: `${id}@x` }
            : { __typename: 'Bot', id, name: 'Bot' },
      },
    },
  },
  work: {
    sdl: `type Actor @interfaceObject @key(fields: "id") { id: ID! tasks: Int }
          type Query { task: Task } type Task { creator: Actor! watchers: [Actor] }`,
    resolvers: {
      Query: { task: () => ({ creator: { id: 'u2' }, watchers: [{ id: 'b2' }, null] }) },
      Actor: { tasks: ({ id }: { id: string }) => id.length },
    },
  },
}

test('an @interfaceObject gets its type from the subgraph that knows it', async () => {
  const { ask } = federated(actors)
  expect(
    await ask(
      '{ task { creator { __typename name tasks ... on User { email } } watchers { id tasks __typename } } actors { id tasks } }',
    ),
  ).toEqual({
    data: {
      task: {
        creator: { __typename: 'User', name: 'User u2', tasks: 2, email: 'u2@x' },
        watchers: [{ id: 'b2', tasks: 2, __typename: 'Bot' }, null],
      },
      actors: [
        { id: 'u1', tasks: 2 },
        { id: 'b1', tasks: 2 },
      ],
    },
  })
})

test('fields of an @interfaceObject survive when the subgraph that knows the types is down', async () => {
  const { ask, subgraph } = federated(actors)
  subgraph('people').intercept = () => Promise.reject(new Error('down'))
  expect(await ask('{ task { creator { id tasks } watchers { tasks ... on User { email } } } }')).toEqual({
    data: { task: { creator: { id: 'u2', tasks: 2 }, watchers: [{ tasks: 2 }, null] } },
    errors: [
      {
        message: 'subgraph "people" failed',
        path: ['task', 'watchers', 0],
        extensions: { code: 'SUBGRAPH_ERROR', subgraph: 'people' },
      },
    ],
  })
})

// The Rust planner does not know it.
test.skipIf(plannerForTest === 'rust')(
  '@context hands a value down to an argument of another entity',
  async () => {
    const { ask } = federated({
      a: {
        sdl: `type Query { users: [User!]! } type User @key(fields: "id") @context(name: "ctx") { id: ID! lang: String! posts: [Post!]! }
            type Post @key(fields: "id") { id: ID! title(lang: String @fromContext(field: "$ctx { lang }")): String! }`,
        resolvers: {
          Query: {
            users: () => [
              { id: 1, lang: 'de' },
              { id: 2, lang: 'fr' },
            ],
          },
          User: { posts: ({ id }: { id: number }) => [{ id: id * 10 }, { id: id * 10 + 1 }] },
          Post: { title: ({ id }: { id: string }, { lang }: { lang: string }) => `${lang}${id}` },
        },
      },
      b: { sdl: `type Query { b: Int } type Post @key(fields: "id") { id: ID! likes: Int }` },
    })
    expect(await ask('{ users { posts { title } } }')).toEqual({
      data: {
        users: [
          { posts: [{ title: 'de10' }, { title: 'de11' }] },
          { posts: [{ title: 'fr20' }, { title: 'fr21' }] },
        ],
      },
    })
  },
)

test('@skip and @include hold at every place, as constants and as variables', async () => {
  const { ask, subgraph } = federated(shipping)
  const query = `query ($no: Boolean!, $yes: Boolean = true) {
    products @skip(if: $no) { id @include(if: false) ... @include(if: $yes) { volume } cost @skip(if: $yes) }
    gone: products @include(if: $no) { id }
  }`
  expect(await ask({ query, variables: { no: false } })).toEqual({
    data: { products: [{ volume: 6 }, { volume: -1 }] },
  })
  const before = subgraph('products').requests.length
  expect(await ask({ query: '{ products @skip(if: true) { id } }' })).toEqual({ data: {} })
  expect(subgraph('products').requests).toHaveLength(before)
})

test('variables reach only the fetches that use them, also under names the plan uses itself', async () => {
  const { ask, subgraph } = federated(shipping)
  const query =
    'query ($representations: Unit = G) { products { cost weight(unit: $representations) volume } }'
  expect(await ask({ query, variables: { representations: 'KG' } })).toMatchObject({
    data: {
      products: [
        { weight: 1, cost: 500 },
        { weight: 2, cost: 1000 },
      ],
    },
  })
  expect(subgraph('shipping').requests.flatMap(({ variables }) => Object.keys(variables ?? {}))).toEqual([
    'representations',
  ])
})

test('mutations run in order, each completed by other subgraphs', async () => {
  const order: string[] = []
  const { ask } = federated({
    a: {
      sdl: `type Query { q: Int } type Mutation { first(n: Int): Item third: Int } type Item @key(fields: "id") { id: ID! }`,
      resolvers: {
        Mutation: {
          first: (_: unknown, { n }: { n: number }) => {
            order.push('first')
            return { id: n }
          },
          third: () => {
            order.push('third')
            return 3
          },
        },
      },
    },
    b: {
      sdl: `type Mutation { second: Int } type Item @key(fields: "id") { id: ID! label: String }`,
      resolvers: {
        Mutation: {
          second: () => {
            order.push('second')
            return 2
          },
        },
        Item: { label: ({ id }: { id: string }) => `#${id}` },
      },
    },
  })
  expect(await ask('mutation { first(n: 5) { label } second third }')).toEqual({
    data: { first: { label: '#5' }, second: 2, third: 3 },
  })
  expect(order).toEqual(['first', 'second', 'third'])
})

test('introspection is answered from the API schema, without what is inaccessible, beside data', async () => {
  const { ask } = federated({
    a: {
      sdl: `type Query { a: Int hidden: Secret @inaccessible } type Secret @inaccessible { s: Int }`,
      resolvers: { Query: { a: () => 1 } },
    },
  })
  const query = `query ($n: String!) {
    a q: __type(name: $n) { ...T } s: __type(name: "Secret") { name } __schema { queryType { name } }
  }
  fragment T on __Type { fields { name } }`
  expect(await ask(query)).toMatchObject({
    errors: [{ extensions: { code: 'BAD_USER_INPUT', variable: 'n' } }],
  })
  expect(await ask({ query, variables: { n: 'Query' } })).toEqual({
    data: { a: 1, q: { fields: [{ name: 'a' }] }, s: null, __schema: { queryType: { name: 'Query' } } },
  })
})

test('an enum value that clients must not see is null with an error that does not name it', async () => {
  const { ask } = federated({
    a: {
      sdl: `type Query { level: Level levels: [Level!] } enum Level { LOW SECRET @inaccessible }`,
      resolvers: { Query: { level: () => 'SECRET', levels: () => ['LOW', 'SECRET'] } },
    },
  })
  const answer = await ask('{ level levels }')
  expect(answer).toMatchObject({
    data: { level: null, levels: null },
    errors: [
      { path: ['level'], extensions: { code: 'SUBGRAPH_BAD_ANSWER' } },
      { path: ['levels', 1], extensions: { code: 'SUBGRAPH_BAD_ANSWER' } },
    ],
  })
  expect(JSON.stringify(answer)).not.toContain('SECRET')
})

test('keys that JavaScript objects treat specially are ordinary names', async () => {
  const { ask } = federated({
    a: {
      sdl: `type Query { a: A } type A { n: Int m: Int }`,
      resolvers: { Query: { a: () => ({ n: 1, m: null }) } },
    },
  })
  const answer = await ask('{ __proto__: a { constructor: m __proto__: n toString: n } }')
  expect(JSON.stringify(answer)).toBe(
    '{"data":{"__proto__":{"constructor":null,"__proto__":1,"toString":1}}}',
  )
})
