import type { ConformanceCase, ConformanceSubgraph } from './conformance-case.ts'

const fails = () => new Error('broken')

const a: ConformanceSubgraph = {
  sdl: `type Query { users: [User] strict: [User!] must: User! one: User q: Int } type User @key(fields: "id") { id: ID! }`,
  data: {
    Query: {
      users: [{ id: '1' }, { id: '2' }],
      strict: [{ id: '1' }, { id: '2' }],
      must: { id: '2' },
      one: { id: '1' },
      q: 7,
    },
  },
}
const b: ConformanceSubgraph = {
  sdl: `type User @key(fields: "id") { id: ID! name: String! nick: String best: User tags: [String!] grid: [[Int!]] }`,
  data: {
    User: [
      { id: '1', name: 'Ada', nick: 'a', best: { id: '2' }, tags: ['x'], grid: [[1], [2]] },
      { id: '2', name: fails, nick: fails, best: { id: '1' }, tags: ['x', null], grid: [[1], [null], null] },
    ],
  },
}

/** Errors, nulls, and what is left when a part fails. */
export const failures: readonly ConformanceCase[] = [
  {
    name: 'an error in an entity stands at every place of that entity, with its index',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ users { nick } one { nick } }',
        data: { users: [{ nick: 'a' }, { nick: null }], one: { nick: 'a' } },
        errors: [{ path: ['users', 1, 'nick'], code: 'SUBGRAPH_ERROR' }],
      },
    ],
  },
  {
    name: 'a null where none may be empties the nearest place that may be null: the item of a list',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ users { name } q }',
        data: { users: [{ name: 'Ada' }, null], q: 7 },
        errors: [{ path: ['users', 1, 'name'], code: 'SUBGRAPH_ERROR' }],
      },
    ],
  },
  {
    name: 'a null where none may be empties the nearest place that may be null: the whole list',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ strict { name } q }',
        data: { strict: null, q: 7 },
        errors: [{ path: ['strict', 1, 'name'], code: 'SUBGRAPH_ERROR' }],
      },
    ],
  },
  {
    name: 'a null where none may be empties the nearest place that may be null: the whole answer',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ q must { name } }',
        data: null,
        errors: [{ path: ['must', 'name'], code: 'SUBGRAPH_ERROR' }],
      },
    ],
  },
  {
    name: 'a null in a list of a subgraph that does not allow it',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ users { tags } }',
        data: { users: [{ tags: ['x'] }, { tags: null }] },
        errors: [{ path: ['users', 1, 'tags', 1], code: 'SUBGRAPH_ERROR' }],
      },
      {
        query: '{ users { grid } }',
        data: { users: [{ grid: [[1], [2]] }, { grid: [[1], null, null] }] },
        errors: [{ path: ['users', 1, 'grid', 1, 0], code: 'SUBGRAPH_ERROR' }],
      },
    ],
  },
  {
    name: 'a dead subgraph blanks its own fields, each with an error at its place, and nothing else',
    seen: 'apollographql/federation#584',
    subgraphs: { a, b },
    operations: [
      {
        query: '{ q users { id nick } }',
        down: ['b'],
        data: {
          q: 7,
          users: [
            { id: '1', nick: null },
            { id: '2', nick: null },
          ],
        },
        errors: [
          { path: ['users', 0, 'nick'], code: 'SUBGRAPH_UNREACHABLE' },
          { path: ['users', 1, 'nick'], code: 'SUBGRAPH_UNREACHABLE' },
        ],
      },
      {
        query: '{ q users { id name } }',
        down: ['b'],
        data: { q: 7, users: [null, null] },
        errors: [
          { path: ['users', 0, 'name'], code: 'SUBGRAPH_UNREACHABLE' },
          { path: ['users', 1, 'name'], code: 'SUBGRAPH_UNREACHABLE' },
        ],
      },
    ],
  },
  {
    name: 'a dead subgraph at the root blanks its root fields only',
    subgraphs: {
      a: { sdl: `type Query { x: Int y: Int }`, data: { Query: { x: 1, y: 2 } } },
      b: { sdl: `type Query { z: Int }`, data: { Query: { z: 3 } } },
    },
    operations: [
      {
        query: '{ x z y }',
        down: ['a'],
        data: { x: null, z: 3, y: null },
        errors: [
          { path: ['x'], code: 'SUBGRAPH_UNREACHABLE' },
          { path: ['y'], code: 'SUBGRAPH_UNREACHABLE' },
        ],
      },
    ],
  },
  {
    name: 'what is computed from fields of a dead subgraph is not asked for, and says so',
    subgraphs: {
      a: {
        sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! name: String }`,
        data: { Query: { item: { id: '1' } }, Item: [{ id: '1', name: 'n' }] },
      },
      b: {
        sdl: `type Item @key(fields: "id") { id: ID! weight: Int }`,
        data: { Item: [{ id: '1', weight: 2 }] },
      },
      c: {
        sdl: `type Item @key(fields: "id") { id: ID! weight: Int @external cost: Int @requires(fields: "weight") }`,
        data: { Item: [{ id: '1', cost: () => 99 }] },
      },
    },
    operations: [
      {
        query: '{ item { name cost } }',
        down: ['b'],
        data: { item: { name: 'n', cost: null } },
        errors: [{ path: ['item', 'cost'], code: 'SUBGRAPH_UNREACHABLE' }],
        fetches: ['a { item { id name } }', 'b { ... on Item { weight } }'],
      },
    ],
  },
  {
    name: 'an entity two fetches away is found, or blamed on the one that failed',
    subgraphs: {
      a,
      b,
      c: {
        sdl: `type User @key(fields: "id") { id: ID! rank: Int }`,
        data: {
          User: [
            { id: '1', rank: 1 },
            { id: '2', rank: 2 },
          ],
        },
      },
    },
    operations: [
      {
        query: '{ users { best { rank } } }',
        data: { users: [{ best: { rank: 2 } }, { best: { rank: 1 } }] },
      },
      {
        query: '{ users { best { rank } } }',
        down: ['c'],
        data: { users: [{ best: { rank: null } }, { best: { rank: null } }] },
        errors: [
          { path: ['users', 0, 'best', 'rank'], code: 'SUBGRAPH_UNREACHABLE' },
          { path: ['users', 1, 'best', 'rank'], code: 'SUBGRAPH_UNREACHABLE' },
        ],
      },
      {
        query: '{ users { id best { rank } } }',
        down: ['b'],
        data: {
          users: [
            { id: '1', best: null },
            { id: '2', best: null },
          ],
        },
        errors: [
          { path: ['users', 0, 'best'], code: 'SUBGRAPH_UNREACHABLE' },
          { path: ['users', 1, 'best'], code: 'SUBGRAPH_UNREACHABLE' },
        ],
      },
    ],
  },
  {
    name: 'an entity that one of its fields empties has that one error, whatever else was asked of it',
    subgraphs: {
      a,
      b: {
        sdl: `type User @key(fields: "id") { id: ID! name: String! friends: [User!]! nick: String }`,
        data: { User: [{ id: '1', name: fails, friends: [], nick: 'a' }] },
      },
    },
    operations: [
      {
        query: '{ one { friends { id } nick name } q }',
        data: { one: null, q: 7 },
        errors: [{ path: ['one', 'name'], code: 'SUBGRAPH_ERROR' }],
      },
    ],
  },
  {
    name: 'an error that a subgraph codes keeps its code',
    subgraphs: {
      a: {
        sdl: `type Query { q: Int }`,
        data: {
          Query: { q: () => Object.assign(new Error('not yours'), { extensions: { code: 'NOT_FOUND' } }) },
        },
      },
    },
    operations: [{ query: '{ q }', data: { q: null }, errors: [{ path: ['q'], code: 'NOT_FOUND' }] }],
  },
]
