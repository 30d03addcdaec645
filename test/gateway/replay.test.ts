import { expect, test, vi } from 'vitest'
import type { SubgraphRequest, SubgraphResponse } from '../../gateway/execution/subgraph.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { federated } from '../support/federated.ts'
import type { Federated } from '../support/federated.ts'

const query = '{ people { name rank posts { weight author { name } } } kinds }'

/** People and what they wrote, in three subgraphs. @param failing Coordinates of fields that fail. */
function shop(compiledAfter: number, failing: readonly string[] = []): Federated {
  const unless = (coordinate: string, value: unknown): unknown => {
    if (failing.includes(coordinate)) throw new Error(`${coordinate} fails`)
    return value
  }
  const people = ['1', '2'].map(id => ({ id, name: `N${id}` }))
  return federated(
    {
      people: {
        sdl: `type Query { people: [Person!]! }  type Person @key(fields: "id") { id: ID!  name: String! }`,
        resolvers: {
          Query: { people: () => people },
          Person: {
            __resolveReference: ({ id }: { id: string }) => people.find(each => each.id === id),
            name: ({ id, name }: { id: string; name: string }) => unless(`name ${id}`, name),
          },
        },
      },
      posts: {
        sdl: `type Query { kinds: [String] }  type Person @key(fields: "id") { id: ID!  posts: [Post!]  rank: Int }
          type Post @key(fields: "id") { id: ID!  title: String  author: Person! }`,
        resolvers: {
          Query: { kinds: () => unless('kinds', ['a', 'b']) },
          Person: {
            posts: ({ id }: { id: string }) => [{ id: `p${id}`, author: { id: id === '1' ? '2' : '1' } }],
            rank: ({ id }: { id: string }) => unless(`rank ${id}`, Number(id)),
          },
          Post: { title: ({ id }: { id: string }) => unless(`title ${id}`, `by ${id}`) },
        },
      },
      weights: {
        sdl: `type Post @key(fields: "id") { id: ID!  title: String @external  weight: Int @requires(fields: "title") }`,
        resolvers: {
          Post: { weight: ({ id, title }: Record<string, string>) => unless(`weight ${id}`, title?.length) },
        },
      },
    },
    { compiledAfter },
  )
}

const subgraphs = ['people', 'posts', 'weights'] as const

/** The entities that a request asks for, and the fields at the root otherwise. */
function askedFor({ query, variables = {} }: SubgraphRequest): readonly string[] {
  const lists = Object.entries(variables).flatMap(([name, value]) =>
    name.startsWith('representations') && Array.isArray(value) ? value.map(each => JSON.stringify(each)) : [],
  )
  return lists.length > 0 ? lists : [query]
}

test.each([['rank 1'], ['title p1'], ['weight p2'], ['kinds'], ['kinds', 'weight p1', 'rank 2'], ['name 2']])(
  'what a compiled query was answered before an error is not fetched again: %s',
  async (...failing) => {
    const compiled = shop(0, failing)
    const generic = shop(Infinity, failing)
    const answer = await compiled.ask(query)
    expect(JSON.stringify(answer)).toBe(JSON.stringify(await generic.ask(query)))
    expect(answer.errors?.length).toBeGreaterThan(0)
    expect(compiled.spliced()).toBe(0)
    // No more requests than the plan has fetches, and each entity once from each.
    for (const name of subgraphs) {
      const { requests } = compiled.subgraph(name)
      expect(requests.length).toBeLessThanOrEqual(generic.subgraph(name).requests.length)
      for (const request of requests) {
        const asked = askedFor(request)
        expect(new Set(asked).size).toBe(asked.length)
      }
    }
  },
)

test('a query of which one field fails costs its subgraphs the requests of a compiled query, and no other', async () => {
  const failing = shop(0, ['weight p1'])
  await failing.ask(query)
  const good = shop(0)
  await good.ask(query)
  expect(good.spliced()).toBe(1)
  for (const name of subgraphs) {
    expect(failing.subgraph(name).requests).toEqual(good.subgraph(name).requests)
  }
})

test('requests that are under way at a surprise are waited for instead of sent again', async () => {
  const { ask, subgraph } = shop(0)
  let release: ((answer: SubgraphResponse) => void) | undefined
  subgraph('posts').intercept = () => new Promise(resolve => (release = resolve))
  subgraph('people').intercept = async () => ({
    data: { people: null },
    errors: [{ message: 'no', path: ['people'] }],
  })
  const answer = ask('{ people { name } kinds }')
  await vi.waitFor(() => expect(release).toBeDefined())
  release?.({ data: { kinds: ['x'] } })
  expect((await answer).data).toBeNull()
  expect(subgraph('posts').requests).toHaveLength(1)
})

test('a subgraph that did not answer, or refused the whole request, is asked again by the plan as it is', async () => {
  for (const intercept of [
    () => Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'subgraph "posts" could not be reached')),
    async () => ({ data: null, errors: [{ message: 'too many aliases' }] }),
    async () => ({ data: null, errors: [] }),
  ]) {
    const { ask, subgraph } = shop(0)
    const posts = subgraph('posts')
    posts.intercept = () => {
      posts.intercept = undefined
      return intercept()
    }
    expect(await ask('{ people { name rank } }')).toEqual({
      data: { people: [1, 2].map(id => ({ name: `N${id}`, rank: id })) },
    })
    expect(posts.requests).toHaveLength(2)
    expect(subgraph('people').requests).toHaveLength(1)
  }
})

test('an answer whose error says that its place fails is asked for again, so that another place can do better', async () => {
  const graph = shop(0)
  const posts = graph.subgraph('posts')
  posts.isFailure = ({ errors = [] }) =>
    errors.some(({ extensions }) => extensions?.['code'] === 'UNAVAILABLE')
  posts.intercept = async () => {
    posts.intercept = undefined
    return {
      data: { _0: [{ rank: null }, { rank: 2 }] },
      errors: [{ message: 'no', path: ['_0', 0, 'rank'], extensions: { code: 'UNAVAILABLE' } }],
    }
  }
  expect((await graph.ask('{ people { rank } }')).data).toEqual({ people: [{ rank: 1 }, { rank: 2 }] })
  expect(posts.requests).toHaveLength(2)
})

test('marks of degradation that came before a surprise stand in the answer at their places', async () => {
  const { ask, subgraph } = shop(0)
  const posts = subgraph('posts')
  posts.intercept = async () => ({
    data: { _0: [{ rank: 1 }, { rank: 2 }] },
    extensions: {
      ennead: { degraded: [{ path: ['_0', 1, 'rank'], agent: 'cache', reason: 'stale', ageMs: 5 }] },
    },
  })
  const answer = await ask('{ people { rank } }')
  expect(answer.extensions).toEqual({
    ennead: {
      degraded: [
        { path: ['people', 1, 'rank'], subgraph: 'posts', agent: 'cache', reason: 'stale', ageMs: 5 },
      ],
    },
  })
  expect(posts.requests).toHaveLength(1)
})

test('all who share a query that surprises take what it was answered', async () => {
  const { ask, subgraph } = shop(0, ['rank 1'])
  await ask('{ people { name } }')
  await ask('{ people { rank } }')
  // The next three rest.
  for (let rest = 0; rest < 2; rest++) await ask('{ people { rank } }')
  for (const name of subgraphs) subgraph(name).requests.length = 0
  const answers = await Promise.all([1, 2, 3].map(() => ask('{ people { rank } }')))
  for (const { data, errors } of answers) {
    expect(data).toEqual({ people: [{ rank: null }, { rank: 2 }] })
    expect(errors).toHaveLength(1)
  }
  expect(subgraph('posts').requests).toHaveLength(1)
})
