import { expect, test, vi } from 'vitest'
import type { ObserveGateway } from '../../gateway/gateway-events.ts'
import type { SubgraphResponse } from '../../gateway/execution/subgraph.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { federated } from '../support/federated.ts'
import type { Federated } from '../support/federated.ts'

const users = [
  { id: '1', name: 'Ada "Æ" \\ Lovelace', height: 1.7 },
  { id: '2', name: null, height: 2 },
]

/** People, what they wrote, and what it weighs; compiled before the first answer unless told otherwise. */
function shop(compiledAfter = 0, observe?: ObserveGateway): Federated {
  return federated(
    {
      people: {
        sdl: `type Query { people: [Person!]!  person(id: ID!): Person  kind: Kind  anything: Any }
          scalar Any  enum Kind { BIG SMALL }
          type Person @key(fields: "id") { id: ID!  name: String  height: Float }
          type Mutation { rename(id: ID!, name: String!): Person }`,
        resolvers: {
          Query: {
            people: () => users,
            person: (_: unknown, { id }: { id: string }) => users.find(user => user.id === id),
            kind: () => 'BIG',
            anything: () => ({ deep: [1, { text: '}]' }] }),
          },
          Person: { __resolveReference: ({ id }: { id: string }) => users.find(user => user.id === id) },
          Mutation: { rename: () => users[0] },
        },
      },
      posts: {
        sdl: `type Person @key(fields: "id") { id: ID!  posts: [Post!]  rank: Int }
          type Post @key(fields: "id") { id: ID!  title: String!  author: Person! }`,
        resolvers: {
          Person: {
            posts: ({ id }: { id: string }) => [{ id: `p${id}`, title: `by ${id}`, author: { id } }],
            rank: ({ id }: { id: string }) => Number(id),
          },
        },
      },
      weights: {
        sdl: `type Post @key(fields: "id") { id: ID!  title: String! @external  weight: Int! @requires(fields: "title") }`,
        resolvers: { Post: { weight: ({ title }: { title: string }) => title.length } },
      },
    },
    { compiledAfter, observe },
  )
}

const query = `{ people { name rank posts { weight title author { name again: height } } } kind anything }`
const expected = {
  people: users.map(({ id, name, height }) => ({
    name,
    rank: Number(id),
    posts: [{ weight: 4, title: `by ${id}`, author: { name, again: height } }],
  })),
  kind: 'BIG',
  anything: { deep: [1, { text: '}]' }] },
}

test('a compiled query is answered with the bytes of its subgraphs, in the order the client asked for', async () => {
  const { ask, spliced } = shop()
  const answer = await ask(query)
  expect(spliced()).toBe(1)
  expect(JSON.stringify(answer)).toBe(JSON.stringify({ data: expected }))
})

test('fetches of one subgraph that can wait for each other are one request', async () => {
  const { ask, subgraph } = shop()
  await ask('{ people { posts { author { name } } } }')
  // The names of authors are asked for once each, although both have written.
  expect(subgraph('people').requests.map(({ variables }) => variables)).toEqual([
    {},
    {
      representations_0: [
        { __typename: 'Person', id: '1' },
        { __typename: 'Person', id: '2' },
      ],
    },
  ])
})

test('each value of a condition has a compiled query of its own', async () => {
  const { ask, spliced } = shop()
  const conditional = 'query ($more: Boolean!) { people { name rank @include(if: $more) } }'
  for (const more of [true, false, true]) {
    const { data } = await ask({ query: conditional, variables: { more } })
    expect(data).toEqual({
      people: users.map(({ id, name }) => (more ? { name, rank: Number(id) } : { name })),
    })
  }
  expect(spliced()).toBe(3)
})

const surprises: Readonly<Record<string, (answer: SubgraphResponse) => unknown>> = {
  'an error beside the data': answer => ({
    ...answer,
    errors: [{ message: 'broken', path: ['people', 0, 'name'] }],
  }),
  'no data': () => ({ data: null, errors: [{ message: 'broken' }] }),
  'a value of another type': () => ({ data: { people: [{ id: '1', name: 7 }] } }),
  'a null where none may be': () => ({ data: { people: [null] } }),
  'fields in another order': () => ({ data: { people: [{ name: 'Ada', id: '1' }] } }),
  'an object instead of a list': () => ({ data: { people: { id: '1', name: 'Ada' } } }),
  'something that is not GraphQL': () => 'no',
  'a mark that it is not current': answer => ({
    ...answer,
    extensions: { ennead: { degraded: [{ path: ['people'], agent: 'cache', reason: 'stale' }] } },
  }),
}

test.each(Object.keys(surprises))('%s is answered as the generic executor answers it', async name => {
  const answers = []
  for (const compiledAfter of [0, Infinity]) {
    const { ask, subgraph, spliced } = shop(compiledAfter)
    subgraph('people').intercept = async () =>
      // Whatever a subgraph may send.
      surprises[name]?.({ data: { people: users.map(({ id, name }) => ({ id, name })) } }) as SubgraphResponse
    answers.push(JSON.stringify(await ask('{ people { id name } }')))
    expect(spliced()).toBe(0)
  }
  expect(answers[0]).toBe(answers[1])
})

test('a query of which its conditions leave nothing is answered at once, without any request', async () => {
  const { ask, subgraph, spliced } = shop()
  const nothing =
    'query ($x: Boolean!) { person(id: "1") @include(if: $x) { name } ... @include(if: $x) { kind } }'
  expect(await ask({ query: nothing, variables: { x: false } })).toEqual({ data: {} })
  expect(spliced()).toBe(1)
  expect(subgraph('people').requests).toEqual([])
})

test('a query that keeps surprising is tried less and less often', async () => {
  let tries = 0
  const { ask, subgraph } = shop(0, event => {
    if (event.is === 'compiledSurprised') tries++
  })
  const people = subgraph('people')
  people.intercept = async () => ({ data: null, errors: [{ message: 'broken' }] })
  for (let request = 0; request < 100; request++) await ask('{ people { name } }')
  // Before the 1st, the 4th, the 9th, …
  expect(tries).toBe(6)
  // One for every request, and one for every try, since a refusal of the whole request may be one of its form.
  expect(people.requests.length).toBe(106)
})

test('a query that surprised once is compiled again after its rest', async () => {
  const { ask, subgraph, spliced } = shop()
  const people = subgraph('people')
  people.intercept = async () => ({ data: { people: null }, errors: [{ message: 'broken' }] })
  await ask('{ people { name } }')
  people.intercept = undefined
  for (let request = 0; request < 3; request++) await ask('{ people { name } }')
  expect(spliced()).toBe(1)
})

test('a subgraph that hangs takes half of the time: the rest of the answer still comes', async () => {
  const { ask, subgraph } = shop()
  subgraph('posts').intercept = () => new Promise(() => undefined)
  const { data, errors } = await ask('{ people { name rank } }', { remainingMs: 200 })
  expect(data).toEqual({ people: users.map(({ name }) => ({ name, rank: null })) })
  expect(errors?.map(error => error.extensions.code)).toEqual(['SUBGRAPH_TIMEOUT', 'SUBGRAPH_TIMEOUT'])
})

test('a subgraph that cannot be reached costs its own fields only', async () => {
  const { ask, subgraph } = shop()
  subgraph('posts').intercept = () =>
    Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'subgraph "posts" could not be reached'))
  const { data, errors } = await ask('{ people { name rank } }')
  expect(data).toEqual({ people: users.map(({ name }) => ({ name, rank: null })) })
  expect(errors).toHaveLength(2)
})

test('a mutation is sent once, by the generic executor', async () => {
  const { ask, subgraph, spliced } = shop()
  subgraph('people').intercept = async () => ({ data: null, errors: [{ message: 'broken' }] })
  await ask('mutation { rename(id: "1", name: "x") { name } }')
  expect(subgraph('people').requests).toHaveLength(1)
  expect(spliced()).toBe(0)
})

test('a query is compiled when it was run as often as it is told', async () => {
  const { ask, spliced } = shop(2)
  for (let run = 0; run < 3; run++) await ask('{ people { name } }')
  expect(spliced()).toBe(1)
})

test('the same query from the same caller is run once for all who wait for it, and for nobody else', async () => {
  const { ask, subgraph, spliced } = shop()
  const alice = { headers: { authorization: 'alice' } }
  const bob = { headers: { authorization: 'bob' } }
  const one = { query: 'query ($id: ID!) { person(id: $id) { name } }', variables: { id: '1' } }
  const other = { ...one, variables: { id: '2' } }
  // Compiled at once, but planned first.
  await ask(one, alice)
  subgraph('people').requests.length = 0
  const answers = await Promise.all([ask(one, alice), ask(one, alice), ask(one, bob), ask(other, alice)])
  expect(answers.map(({ data }) => data)).toEqual([
    { person: { name: users[0]?.name } },
    { person: { name: users[0]?.name } },
    { person: { name: users[0]?.name } },
    { person: { name: null } },
  ])
  expect(subgraph('people').requests).toHaveLength(3)
  expect(spliced()).toBe(5)
})

test('a query asked for after a mutation does not share what was begun before it ended', async () => {
  const { ask, subgraph } = shop()
  const people = subgraph('people')
  await ask('{ people { name } }')
  await ask('mutation { rename(id: "1", name: "x") { id } }')
  people.requests.length = 0
  let answer: (() => void) | undefined
  people.intercept = () =>
    new Promise(resolve => (answer = () => resolve({ data: { people: [{ name: 'before' }] } })))
  const before = ask('{ people { name } }')
  await vi.waitFor(() => expect(answer).toBeDefined())
  people.intercept = undefined
  await ask('mutation { rename(id: "1", name: "x") { id } }')
  const after = await ask('{ people { name } }')
  expect(after.data).toEqual({ people: users.map(({ name }) => ({ name })) })
  answer?.()
  expect((await before).data).toEqual({ people: [{ name: 'before' }] })
})

test('whoever shares a query does not lose it when the one who began it leaves', async () => {
  const { ask, subgraph } = shop()
  const people = subgraph('people')
  await ask('{ people { name } }')
  let asked = 0
  people.intercept = () => {
    asked++
    return asked === 1
      ? new Promise(() => undefined)
      : Promise.resolve({ data: { people: [{ name: 'Ada' }] } })
  }
  const leaving = new AbortController()
  const first = ask('{ people { name } }', { signal: leaving.signal })
  const second = ask('{ people { name } }')
  await vi.waitFor(() => expect(asked).toBe(1))
  leaving.abort()
  await first
  expect((await second).data).toEqual({ people: [{ name: 'Ada' }] })
})

test('an answer in bytes counts as one with errors when it has some, and else as good, whatever words its data has', async () => {
  const outcomes: string[] = []
  const { ask, subgraph, spliced } = shop(0, event => {
    if (event.is === 'subgraphEnded') outcomes.push(event.outcome)
  })
  const people = subgraph('people')
  await ask('{ people { name } }')
  people.intercept = async () => ({ data: { people: [{ name: '"errors":[{}]' }] } })
  await ask('{ people { name } }')
  expect([outcomes.splice(0), spliced()]).toEqual([['ok', 'ok'], 2])
  people.intercept = async () => ({
    data: { people: [{ name: null }] },
    errors: [{ message: 'no', path: ['people', 0, 'name'] }],
  })
  await ask('{ people { name } }')
  // Once: the generic executor takes what came as bytes.
  expect([outcomes, spliced()]).toEqual([['errors'], 2])
})
