import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { printSchema } from 'graphql'
import { expect, test } from 'vitest'
import { loadApart } from '../../gateway/supergraph/load-apart.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { supergraphSdl } from '../../bench/gateway/graph.ts'
import { composeForTest } from '../support/federated.ts'
import { root } from '../tidy/source-files.ts'

const odd = composeForTest({
  a: {
    sdl: `schema { query: Root mutation: Change subscription: Told }
      "What there is" type Root { media(kind: Kind = FILM, in: Wanted): [Media!] any: Any node(at: Url): Node }
      type Change { set(id: ID!): Media @deprecated(reason: "no") }
      type Told { media(after: String): Seen }
      type Seen { cursor: String! at: Url }
      interface Node { id: ID! }
      interface Media implements Node @key(fields: "id") { id: ID! title: String }
      type Film implements Media & Node @key(fields: "id") { id: ID! title: String @authenticated length: Int @cost(weight: 3) }
      type Book implements Media & Node @key(fields: "id") { id: ID! title: String @authenticated }
      union Any = Film | Book
      enum Kind { FILM BOOK HIDDEN @inaccessible }
      input Wanted { kind: Kind = BOOK words: [String!] = ["a", "b"] }
      scalar Url @specifiedBy(url: "https://url.spec.whatwg.org")`,
  },
  b: {
    sdl: `type Media @interfaceObject @key(fields: "id") { id: ID! stars: Int secret: Int @inaccessible }`,
  },
})

test.each([
  ['one of every kind of type', odd],
  ['the one of the benches', supergraphSdl(1)],
  ['the one of the task graph', readFileSync(join(root, 'schema/supergraph.graphql'), 'utf8')],
])('a supergraph that was loaded in another thread is the same: %s', async (_, sdl) => {
  const { apiSchema, overlap, ...facts } = loadSupergraph(sdl)
  const apart = await loadApart(sdl)
  const { apiSchema: otherSchema, overlap: otherOverlap, ...others } = apart
  // Beside these it has what only planners need.
  expect(facts).toMatchObject(others)
  expect(Object.keys(facts).filter(name => !(name in others))).toEqual([
    'externals',
    'requiredArguments',
    'apollo',
  ])
  expect(printSchema(otherSchema)).toBe(printSchema(apiSchema))
  const names = Object.keys(apiSchema.getTypeMap())
  for (const name of names) {
    expect(otherOverlap.isObject(name)).toBe(overlap.isObject(name))
    for (const other of names) expect(otherOverlap.overlaps(name, other)).toBe(overlap.overlaps(name, other))
  }
})

test.each(['', 'type Query {', 'type Query { a: Int }', odd.replace('length: Int', 'length: Nothing')])(
  'what cannot be used is refused in the same words as here: %#',
  async sdl => {
    let reason = ''
    try {
      loadSupergraph(sdl)
    } catch (failure) {
      reason = failure instanceof Error ? failure.message : ''
    }
    expect(reason).not.toBe('')
    await expect(loadApart(sdl)).rejects.toMatchObject({ code: 'SUPERGRAPH_INVALID', message: reason })
  },
)
