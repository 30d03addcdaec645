import type { ConformanceCase, ConformanceSubgraph } from './conformance-case.ts'

const media: ConformanceSubgraph = {
  sdl: `type Query { all: [Media] } interface Media @key(fields: "id") { id: ID! title: String }
    type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int } type Film implements Media @key(fields: "id") { id: ID! title: String minutes: Int }`,
  data: {
    Query: {
      all: [
        { __typename: 'Book', id: '1', title: 'B' },
        { __typename: 'Film', id: '2', title: 'F' },
      ],
    },
    Media: [
      { __typename: 'Book', id: '1', title: 'B', pages: 3 },
      { __typename: 'Film', id: '2', title: 'F', minutes: 90 },
    ],
    Book: [{ id: '1', title: 'B', pages: 3 }],
    Film: [{ id: '2', title: 'F', minutes: 90 }],
  },
}

const reviews: ConformanceSubgraph = {
  sdl: `type Query { top: [Media] } type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int reviews: [Review] } type Review { text: String media: Media }`,
  data: {
    Query: { top: [{ id: '2' }, { id: '1' }] },
    Media: [
      { id: '1', stars: 4, reviews: [{ text: 'good', media: { id: '2' } }] },
      { id: '2', stars: 5, reviews: [] },
    ],
  },
}

/** @interfaceObject: fields that a subgraph adds to all types of an interface that it does not know. */
export const interfaceObjects: readonly ConformanceCase[] = [
  {
    name: 'fields of an @interfaceObject are added to objects of every type',
    subgraphs: { a: media, b: reviews },
    operations: [
      {
        query: '{ all { title stars } }',
        data: {
          all: [
            { title: 'B', stars: 4 },
            { title: 'F', stars: 5 },
          ],
        },
      },
      { query: '{ all { ... on Film { stars } } }', data: { all: [{}, { stars: 5 }] } },
    ],
  },
  {
    name: 'an @interfaceObject does not need the types unless they are asked for',
    subgraphs: { a: media, b: reviews },
    operations: [
      {
        query: '{ top { id stars } }',
        data: {
          top: [
            { id: '2', stars: 5 },
            { id: '1', stars: 4 },
          ],
        },
        fetches: ['b { top { id stars } }'],
      },
    ],
  },
  {
    name: 'the type of an @interfaceObject comes from the subgraph that knows it',
    subgraphs: { a: media, b: reviews },
    operations: [
      {
        query: '{ top { __typename title ... on Book { pages } } }',
        data: {
          top: [
            { __typename: 'Film', title: 'F' },
            { __typename: 'Book', title: 'B', pages: 3 },
          ],
        },
      },
    ],
  },
  {
    name: 'from an @interfaceObject through its own fields and back',
    subgraphs: { a: media, b: reviews },
    operations: [
      {
        query: '{ all { ... on Book { reviews { text media { title ... on Film { minutes } } } } } }',
        data: { all: [{ reviews: [{ text: 'good', media: { title: 'F', minutes: 90 } }] }, {}] },
      },
    ],
  },
  {
    name: 'without the subgraph that knows the types, an @interfaceObject keeps what it has itself',
    subgraphs: { a: media, b: reviews },
    operations: [
      {
        query: '{ top { id stars title } }',
        down: ['a'],
        data: {
          top: [
            { id: '2', stars: 5, title: null },
            { id: '1', stars: 4, title: null },
          ],
        },
        errors: [
          { path: ['top', 0, 'title'], code: 'SUBGRAPH_UNREACHABLE' },
          { path: ['top', 1, 'title'], code: 'SUBGRAPH_UNREACHABLE' },
        ],
      },
    ],
  },
  {
    name: '@requires on an @interfaceObject brings fields of the interface',
    subgraphs: {
      a: media,
      b: {
        sdl: `type Media @interfaceObject @key(fields: "id") { id: ID! title: String @external shout: String @requires(fields: "title") }`,
        data: {
          Media: ['1', '2'].map(id => ({
            id,
            shout: (_: unknown, { title }: { readonly title: string }) => `${title}!`,
          })),
        },
      },
    },
    operations: [{ query: '{ all { shout } }', data: { all: [{ shout: 'B!' }, { shout: 'F!' }] } }],
  },
]
