import type { ConformanceCase, ConformanceSubgraph } from './conformance-case.ts'

const search: ConformanceSubgraph = {
  sdl: `type Query { search: [Hit] nodes: [Node] } union Hit = User | Repository interface Node { id: ID! }
    type User implements Node @key(fields: "id") { id: ID! name: String user_name: String }
    type Repository implements Node @key(fields: "id") { id: ID! name: String! repository_name: [String] }`,
  data: {
    Query: {
      search: [
        { __typename: 'User', id: '1', name: 'Ada', user_name: 'ada' },
        { __typename: 'Repository', id: '2', name: 'ennead', repository_name: ['e'] },
      ],
      nodes: [{ __typename: 'Repository', id: '2' }, null, { __typename: 'User', id: '1' }],
    },
    User: [{ id: '1', name: 'Ada', user_name: 'ada' }],
    Repository: [{ id: '2', name: 'ennead', repository_name: ['e'] }],
  },
}

const stars: ConformanceSubgraph = {
  sdl: `type Repository @key(fields: "id") { id: ID! stars: Int } type User @key(fields: "id") { id: ID! karma: Int }`,
  data: { Repository: [{ id: '2', stars: 9 }], User: [{ id: '1', karma: 5 }] },
}

/** Unions and interfaces. */
export const abstractTypes: readonly ConformanceCase[] = [
  {
    name: 'members of a union are completed each by its own subgraph',
    subgraphs: { a: search, b: stars },
    operations: [
      {
        query: '{ search { __typename ... on User { karma } ... on Repository { stars } } }',
        data: {
          search: [
            { __typename: 'User', karma: 5 },
            { __typename: 'Repository', stars: 9 },
          ],
        },
      },
    ],
  },
  {
    name: 'one alias for fields of unlike types of a union keeps its name',
    seen: 'apollographql/federation#2392',
    subgraphs: { a: search, b: stars },
    operations: [
      {
        query:
          '{ search { ... on Repository { good: name broken: repository_name } ... on User { good: name broken: user_name } } }',
        // Not a case: `good` and `broken` have types that cannot be merged.
        errors: [{ code: 'GRAPHQL_VALIDATION_FAILED' }, { code: 'GRAPHQL_VALIDATION_FAILED' }],
      },
      {
        query:
          '{ search { ... on Repository { list: repository_name } ... on User { broken: user_name list: user_name } } }',
        errors: [{ code: 'GRAPHQL_VALIDATION_FAILED' }],
      },
    ],
  },
  {
    name: 'enums of unlike types under one alias across fragments',
    seen: 'graphql-hive/router#876',
    subgraphs: {
      a: {
        sdl: `type Query { all: [Common] } interface Common { id: ID! } enum A { A1 } enum B { B1 } enum C { C1 }
          type TypeA implements Common { id: ID! field: A! } type TypeB implements Common { id: ID! field: B! } type TypeC implements Common { id: ID! field: C! }`,
        data: {
          Query: {
            all: [
              { __typename: 'TypeA', id: '1', field: 'A1' },
              { __typename: 'TypeB', id: '2', field: 'B1' },
              { __typename: 'TypeC', id: '3', field: 'C1' },
            ],
          },
        },
      },
    },
    operations: [
      {
        query:
          '{ all { id ... on TypeA { field } ... on TypeB { one: field } ... on TypeC { two: field } } }',
        data: {
          all: [
            { id: '1', field: 'A1' },
            { id: '2', one: 'B1' },
            { id: '3', two: 'C1' },
          ],
        },
      },
    ],
  },
  {
    name: 'fields of an interface are asked of the subgraphs that have them, type by type',
    subgraphs: {
      a: {
        sdl: `type Query { things: [Thing] } interface Thing { id: ID! size: Int } type Box implements Thing @key(fields: "id") { id: ID! size: Int }
          type Bag implements Thing @key(fields: "id") { id: ID! size: Int @external }`,
        data: {
          Query: {
            things: [
              { __typename: 'Box', id: 'b', size: 1 },
              { __typename: 'Bag', id: 'g' },
            ],
          },
        },
      },
      b: { sdl: `type Bag @key(fields: "id") { id: ID! size: Int }`, data: { Bag: [{ id: 'g', size: 2 }] } },
    },
    operations: [{ query: '{ things { size } }', data: { things: [{ size: 1 }, { size: 2 }] } }],
  },
  {
    name: 'a union has the members that any subgraph gives it',
    subgraphs: {
      a: {
        sdl: `type Query { one: Pet } union Pet = Cat type Cat @shareable { lives: Int }`,
        data: { Query: { one: { __typename: 'Cat', lives: 9 } } },
      },
      b: {
        sdl: `type Query { two: Pet } union Pet = Dog type Dog { barks: Boolean }`,
        data: { Query: { two: { __typename: 'Dog', barks: true } } },
      },
    },
    operations: [
      {
        query:
          '{ one { ...P } two { ...P } __type(name: "Pet") { possibleTypes { name } } } fragment P on Pet { __typename ... on Cat { lives } ... on Dog { barks } }',
        data: {
          one: { __typename: 'Cat', lives: 9 },
          two: { __typename: 'Dog', barks: true },
          __type: { possibleTypes: [{ name: 'Cat' }, { name: 'Dog' }] },
        },
      },
    ],
  },
  {
    name: '__typename may be asked anywhere, under any name and beside everything else',
    subgraphs: { a: search, b: stars },
    operations: [
      {
        query:
          '{ __typename root: __typename nodes { kind: __typename id ... on User { __typename karma } } }',
        data: {
          __typename: 'Query',
          root: 'Query',
          nodes: [
            { kind: 'Repository', id: '2' },
            null,
            { kind: 'User', id: '1', __typename: 'User', karma: 5 },
          ],
        },
      },
    ],
  },
  {
    name: 'a fragment on an interface inside one on a union, and the other way round',
    subgraphs: { a: search, b: stars },
    operations: [
      {
        query:
          '{ search { ... on Node { id ... on Hit { ... on Repository { stars } } } } nodes { ... on Hit { ... on Node { id } } } }',
        data: { search: [{ id: '1' }, { id: '2', stars: 9 }], nodes: [{ id: '2' }, null, { id: '1' }] },
      },
    ],
  },
  {
    name: 'an object of a type that the place cannot have is null with an error',
    subgraphs: {
      a: {
        sdl: `type Query { hit: Hit other: Other } union Hit = Cat union Other = Dog type Cat { lives: Int } type Dog { barks: Boolean }`,
        data: {
          Query: { hit: { __typename: 'Dog', barks: true }, other: { __typename: 'Dog', barks: true } },
        },
      },
    },
    operations: [
      {
        query: '{ hit { ... on Cat { lives } } other { ... on Dog { barks } } }',
        data: { hit: null, other: { barks: true } },
        errors: [{ path: ['hit'], code: 'SUBGRAPH_ERROR' }],
      },
    ],
  },
]
