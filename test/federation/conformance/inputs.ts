import type { ConformanceCase } from './conformance-case.ts'

const shown = (args: unknown): string => JSON.stringify(args)

/** Arguments, variables, input types, enums and scalars, and how subgraphs' versions of them merge. */
export const inputs: readonly ConformanceCase[] = [
  {
    name: 'defaults of arguments and variables, null and nothing are told apart',
    subgraphs: {
      a: { sdl: `type Query { echo(n: Int = 5, s: String): String }`, data: { Query: { echo: shown } } },
    },
    operations: [
      { query: '{ echo }', data: { echo: '{"n":5}' } },
      { query: '{ echo(n: null, s: null) }', data: { echo: '{"n":null,"s":null}' } },
      {
        query: 'query ($n: Int, $s: String = "d") { echo(n: $n, s: $s) }',
        data: { echo: '{"n":5,"s":"d"}' },
      },
      { query: 'query ($n: Int) { echo(n: $n) }', variables: { n: null }, data: { echo: '{"n":null}' } },
    ],
  },
  {
    name: 'an input object reaches the subgraph as it was written, with variables inside',
    subgraphs: {
      a: {
        sdl: `type Query { find(filter: Filter): String } input Filter { least: Int = 1 words: [String!] inner: Filter }`,
        data: { Query: { find: shown } },
      },
    },
    operations: [
      {
        query: 'query ($w: String!, $f: Filter) { find(filter: { words: [$w, "b"], inner: $f }) }',
        variables: { w: 'a', f: { least: null } },
        data: { find: '{"filter":{"least":1,"words":["a","b"],"inner":{"least":null}}}' },
      },
      {
        query: '{ find(filter: { words: "one" }) }',
        data: { find: '{"filter":{"least":1,"words":["one"]}}' },
      },
      { query: '{ find(filter: { tenant: 1 }) }', errors: [{ code: 'BAD_USER_INPUT' }] },
    ],
  },
  {
    name: 'of an input type clients may use the fields that every subgraph knows',
    subgraphs: {
      a: {
        sdl: `type Query { one(in: In): String } input In { both: Int onlyA: Int }`,
        data: { Query: { one: shown } },
      },
      b: {
        sdl: `type Query { two(in: In): String } input In { both: Int }`,
        data: { Query: { two: shown } },
      },
    },
    operations: [
      {
        query: '{ one(in: { both: 1 }) two(in: { both: 2 }) }',
        data: { one: '{"in":{"both":1}}', two: '{"in":{"both":2}}' },
      },
      { query: '{ one(in: { onlyA: 1 }) }', errors: [{ code: 'BAD_USER_INPUT' }] },
    ],
  },
  {
    name: 'of an output enum clients see the values of all subgraphs',
    subgraphs: {
      a: { sdl: `type Query { one: Color } enum Color { RED }`, data: { Query: { one: 'RED' } } },
      b: { sdl: `type Query { two: Color } enum Color { GREEN }`, data: { Query: { two: 'GREEN' } } },
    },
    operations: [{ query: '{ one two }', data: { one: 'RED', two: 'GREEN' } }],
  },
  {
    name: 'of an input enum clients may use the values that all subgraphs know',
    subgraphs: {
      a: {
        sdl: `type Query { one(c: Color): String } enum Color { RED GREEN }`,
        data: { Query: { one: shown } },
      },
      b: { sdl: `type Query { two(c: Color): String } enum Color { RED }`, data: { Query: { two: shown } } },
    },
    operations: [
      { query: '{ one(c: RED) }', data: { one: '{"c":"RED"}' } },
      { query: '{ one(c: GREEN) }', errors: [{ code: 'BAD_USER_INPUT' }] },
    ],
  },
  {
    name: 'custom scalars pass unchanged, also where they look like objects of the graph',
    subgraphs: {
      a: {
        sdl: `scalar Json type Query { json(value: Json): Json user: User } type User @key(fields: "id") { id: ID! }`,
        data: { Query: { json: ({ value }: { readonly value: unknown }) => value, user: { id: '1' } } },
      },
      b: {
        sdl: `scalar Json type User @key(fields: "id") { id: ID! settings: Json }`,
        data: { User: [{ id: '1', settings: { __typename: 'Query', id: [1, null, { deep: true }] } }] },
      },
    },
    operations: [
      {
        query:
          'query ($v: Json) { json(value: $v) literal: json(value: { a: [1, { b: null }] }) user { settings } }',
        variables: { v: { x: [[]] } },
        data: {
          json: { x: [[]] },
          literal: { a: [1, { b: null }] },
          user: { settings: { __typename: 'Query', id: [1, null, { deep: true }] } },
        },
      },
    ],
  },
  {
    name: 'a variable of the wrong type is refused with its name, before any subgraph is asked',
    subgraphs: { a: { sdl: `type Query { echo(n: Int!): String }`, data: { Query: { echo: shown } } } },
    operations: [
      {
        query: 'query ($n: Int!) { echo(n: $n) }',
        variables: { n: 'x' },
        errors: [{ code: 'BAD_USER_INPUT' }],
        fetches: [],
      },
      { query: 'query ($n: Int!) { echo(n: $n) }', errors: [{ code: 'BAD_USER_INPUT' }], fetches: [] },
    ],
  },
  {
    name: 'what is @inaccessible is not there for clients, and still serves plans',
    subgraphs: {
      a: {
        sdl: `type Query { user: User secret: Int @inaccessible } type User @key(fields: "code") { code: ID! @inaccessible name: String @tag(name: "public") }`,
        data: { Query: { user: { code: 'c' }, secret: 1 }, User: [{ code: 'c', name: 'Ada' }] },
      },
      b: {
        sdl: `type User @key(fields: "code") { code: ID! @inaccessible age: Int }`,
        data: { User: [{ code: 'c', age: 36 }] },
      },
    },
    operations: [
      { query: '{ user { name age } }', data: { user: { name: 'Ada', age: 36 } } },
      { query: '{ user { code } }', errors: [{ code: 'GRAPHQL_VALIDATION_FAILED' }] },
      { query: '{ secret }', errors: [{ code: 'GRAPHQL_VALIDATION_FAILED' }] },
      {
        query: '{ __type(name: "User") { fields { name } } }',
        data: { __type: { fields: [{ name: 'name' }, { name: 'age' }] } },
      },
    ],
  },
]
