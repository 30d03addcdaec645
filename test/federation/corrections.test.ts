import { describe, expect, test } from 'vitest'
import { federated } from '../support/federated.ts'
import type { SubgraphDefinition } from '../support/federated.ts'
import { engineVariants } from './engine-variants.ts'

/** What the fuzzer found, each as its smallest case. */
describe.each(engineVariants)('$name, $tier', ({ build }) => {
  const graph = (definitions: Readonly<Record<string, SubgraphDefinition>>) =>
    federated(definitions, {}, build)

  test('a mutation that is asked for in two places, one with a condition, runs once', async () => {
    let payments = 0
    const { ask } = graph({
      a: {
        sdl: `type Query { q: Int } type Mutation { pay: Payment other: Int } type Payment { id: Int total: Int }`,
        resolvers: { Mutation: { pay: () => ({ id: ++payments, total: 7 }), other: () => payments } },
      },
    })
    const query = `mutation ($x: Boolean!) { ... { pay { id } } other pay @include(if: $x) { total } }`
    expect(await ask({ query, variables: { x: true } })).toEqual({
      data: { pay: { id: 1, total: 7 }, other: 1 },
    })
    expect(await ask({ query, variables: { x: false } })).toEqual({ data: { pay: { id: 2 }, other: 2 } })
  })

  test('a mutation whose places all have conditions, and different ones, is refused and does not run', async () => {
    let payments = 0
    const { ask } = graph({
      a: {
        sdl: `type Query { q: Int } type Mutation { pay: Int }`,
        resolvers: { Mutation: { pay: () => ++payments } },
      },
    })
    const query = `mutation ($x: Boolean!, $y: Boolean!) { pay @include(if: $x) pay @skip(if: $y) }`
    expect(await ask({ query, variables: { x: true, y: true } })).toMatchObject({
      errors: [{ extensions: { code: 'QUERY_PLAN_FAILED' } }],
    })
    expect(payments).toBe(0)
  })

  test('places that a constant excludes, or of which only one can be asked for, are no reason to refuse a mutation', async () => {
    let done: string[] = []
    const doing = (name: string) => () => {
      done.push(name)
      return { id: done.length, total: 7 }
    }
    const { ask } = graph({
      a: {
        sdl: `type Query { q: Int } type Mutation { pay: Payment other: Payment } type Payment { id: Int total: Int }`,
        resolvers: { Mutation: { pay: doing('pay'), other: doing('other') } },
      },
    })
    const excluded = `mutation ($x: Boolean!) { pay @include(if: false) { id } pay @include(if: $x) { id } }`
    expect(await ask({ query: excluded, variables: { x: true } })).toEqual({ data: { pay: { id: 1 } } })
    expect(await ask({ query: excluded, variables: { x: false } })).toEqual({ data: {} })
    const either = `mutation ($x: Boolean!) { pay @include(if: $x) { id } other { id } pay @skip(if: $x) { total } }`
    done = []
    expect(await ask({ query: either, variables: { x: true } })).toEqual({
      data: { pay: { id: 1 }, other: { id: 2 } },
    })
    expect(await ask({ query: either, variables: { x: false } })).toEqual({
      data: { other: { id: 3 }, pay: { total: 7 } },
    })
    expect(done).toEqual(['pay', 'other', 'other', 'pay'])
  })

  test('fragments in which no object can be are answered with nothing, not refused', async () => {
    const { ask } = graph({
      a: {
        sdl: `type Query { all: [Actor] } interface Actor { id: ID! } type User implements Actor { id: ID! }
          type Robot implements Actor { id: ID! } union Thing = Robot`,
        resolvers: { Query: { all: () => ['User', 'Robot'].map(name => ({ __typename: name, id: name })) } },
      },
    })
    const inline = '{ all { ... on Thing { ... on Actor { ... on User { id } } } } }'
    expect(await ask(inline)).toEqual({ data: { all: [{}, {}] } })
    const spread = `{ all { ...T id } } fragment T on Thing { ...A } fragment A on Actor { ... on User { id } ... on Robot { __typename } }`
    expect(await ask(spread)).toEqual({
      data: { all: [{ id: 'User' }, { __typename: 'Robot', id: 'Robot' }] },
    })
  })

  test('__typename is no mutation: it may stand in any number of places under any conditions', async () => {
    const { ask } = graph({
      a: {
        sdl: `type Query { q: Int } type Mutation { pay: Int }`,
        resolvers: { Mutation: { pay: () => 1 } },
      },
    })
    const query = `mutation ($x: Boolean!, $y: Boolean!) {
      __typename @include(if: $x) pay __typename @include(if: $y) pay @include(if: $x) }`
    expect(await ask({ query, variables: { x: false, y: true } })).toEqual({
      data: { pay: 1, __typename: 'Mutation' },
    })
  })

  test('a mutation whose turn depends on a condition is refused rather than run out of turn', async () => {
    let runs = 0
    const count = (): object => ({ id: ++runs })
    const { ask } = graph({
      a: {
        sdl: `type Query { q: Int } type Mutation { pay: Payment other: Payment } type Payment { id: Int }`,
        resolvers: { Mutation: { pay: count, other: count } },
      },
    })
    const query = `mutation ($x: Boolean!) { pay @include(if: $x) { id } other { id } pay { __typename } }`
    expect(await ask({ query, variables: { x: false } })).toMatchObject({
      errors: [{ extensions: { code: 'QUERY_PLAN_FAILED' } }],
    })
    expect(runs).toBe(0)
  })

  test('an operation of which a variable leaves nothing is answered with nothing, not refused', async () => {
    const { ask } = graph({ a: { sdl: `type Query { q: Int }` } })
    const query = `query ($x: Boolean!) { __typename @skip(if: $x) }`
    expect(await ask({ query, variables: { x: true } })).toEqual({ data: {} })
    expect(await ask({ query, variables: { x: false } })).toEqual({ data: { __typename: 'Query' } })
  })

  test('an error that empties an object is told once, not again for each field beside it', async () => {
    const fail = (): never => {
      throw new Error('broken')
    }
    const { ask } = graph({
      a: {
        sdl: `type Query { broken: Int! beside: Int }`,
        resolvers: { Query: { broken: fail, beside: () => 1 } },
      },
    })
    const answer = await ask('{ beside broken }')
    expect(answer.data).toBeNull()
    expect(answer.errors?.map(({ path }) => path)).toEqual([['broken']])
  })

  test('a field that an error beside it has emptied has no error of its own, whatever else fails', async () => {
    const fail = (): never => {
      throw new Error('broken')
    }
    const { ask } = graph({
      a: {
        sdl: `type Query { first: Int beside: Int! broken: Int! }`,
        resolvers: { Query: { first: fail, beside: () => 1, broken: fail } },
      },
    })
    const answer = await ask('{ first beside broken }')
    expect(answer.data).toBeNull()
    expect(answer.errors?.map(({ path }) => path)).toEqual([['first'], ['broken']])
  })

  test('what a constant excludes is not fetched from a subgraph that knows the interface as an object', async () => {
    const { ask } = graph({
      a: {
        sdl: `interface Named @key(fields: "id") { id: ID! } type User implements Named @key(fields: "id") { id: ID! }`,
        resolvers: {
          Named: { __resolveReference: ({ id }: { id: string }) => ({ __typename: 'User', id }) },
        },
      },
      b: {
        sdl: `type Query { all: [Named] } type Named @interfaceObject @key(fields: "id") { id: ID! extra: Int }`,
        resolvers: {
          Query: { all: () => [{ id: '1' }] },
          Named: {
            extra: () => {
              throw new Error('nobody asked')
            },
          },
        },
      },
    })
    const query = `{ all { ... on User { ... on Named { ... on Named @skip(if: true) { extra } id } } } }`
    expect(await ask(query)).toEqual({ data: { all: [{ id: '1' }] } })
  })

  test('a field that a @requires leads to is not asked for when a variable excludes the fragment around it', async () => {
    const { ask, subgraph } = graph({
      a: {
        sdl: `type Query { users: [User!] } type User @key(fields: "id") { id: ID! weight: Int @external cost: Int @requires(fields: "weight") }`,
        resolvers: {
          Query: { users: () => [{ id: '1' }] },
          User: { cost: ({ weight }: { weight: number }) => weight * 2 },
        },
      },
      b: {
        sdl: `type User @key(fields: "id") { id: ID! weight: Int @shareable name: String }`,
        resolvers: { User: { weight: () => 21, name: () => 'Ada' } },
      },
    })
    const query = `query ($x: Boolean!, $y: Boolean = true) {
      users { ...F name } } fragment F on User { ... on User @include(if: $x) { id cost @include(if: $y) } }`
    expect(await ask({ query, variables: { x: false } })).toEqual({ data: { users: [{ name: 'Ada' }] } })
    expect(subgraph('a').requests).toHaveLength(1)
    expect(await ask({ query, variables: { x: true } })).toEqual({
      data: { users: [{ id: '1', cost: 42, name: 'Ada' }] },
    })
  })

  test('conditions that contradict each other leave nothing to ask for, which is no error', async () => {
    const { ask } = graph({ a: { sdl: `type Query { q: Int }` } })
    const query = `query ($x: Boolean!) { ... @skip(if: $x) { q @include(if: $x) } }`
    expect(await ask({ query, variables: { x: true } })).toEqual({ data: {} })
    expect(await ask({ query, variables: { x: false } })).toEqual({ data: {} })
  })

  test('a root field that two subgraphs are asked for, and that fails in both, is one error', async () => {
    const fails = (): never => {
      throw new Error('broken')
    }
    const { ask } = graph({
      a: {
        sdl: `type Query { user: User @shareable } type User @key(fields: "id") { id: ID! a: Int }`,
        resolvers: { Query: { user: fails } },
      },
      b: {
        sdl: `type Query { user: User @shareable } type User @key(fields: "id") { id: ID! b: Int }`,
        resolvers: { Query: { user: fails } },
      },
    })
    const answer = await ask('{ user { a b } }')
    expect(answer.data).toEqual({ user: null })
    expect(answer.errors?.map(({ path }) => path)).toEqual([['user']])
  })

  test('what one subgraph lacks of an object that an error of another has emptied is no second error', async () => {
    const { ask, subgraph } = graph({
      a: {
        sdl: `type Query { user: User! @shareable broken: Int! } type User @key(fields: "id") { id: ID! @shareable name: String! @requires(fields: "mail") mail: String @external }`,
        resolvers: {
          Query: {
            user: () => ({ id: '1' }),
            broken: () => {
              throw new Error('broken')
            },
          },
          User: { name: () => 'Ada' },
        },
      },
      b: {
        sdl: `type Query { user: User! @shareable } type User @key(fields: "id") { id: ID! @shareable mail: String age: Int }`,
        resolvers: { Query: { user: () => ({ id: '1' }) }, User: { mail: () => 'ada@', age: () => 7 } },
      },
    })
    const query = 'query ($x: Boolean!) { user { ... on User { age @skip(if: $x) name } } broken }'
    const answer = await ask({ query, variables: { x: true } })

    expect(answer.data).toBeNull()
    expect(answer.errors?.map(({ path }) => path)).toEqual([['broken']])
    // Nor is anybody asked for an object by the name of its type alone.
    const { requests } = subgraph('b')
    for (const { variables } of requests)
      expect(JSON.stringify(variables)).not.toContain('{"__typename":"User"}')
  })

  test('mutations keep the order in which each is first asked for, whatever fragments they stand in', async () => {
    const done: string[] = []
    const doing = (name: string) => () => {
      done.push(name)
      return { id: name, total: 1 }
    }
    const { ask } = graph({
      a: {
        sdl: `type Query { q: Int } type Mutation { pay: Payment other: Payment } type Payment { id: ID total: Int }`,
        resolvers: { Mutation: { pay: doing('pay'), other: doing('other') } },
      },
    })
    const query = `mutation { ... on Mutation { pay { id } ... on Mutation { other { id } } } other { total } pay { total } }`
    expect(await ask(query)).toEqual({
      data: { pay: { id: 'pay', total: 1 }, other: { id: 'other', total: 1 } },
    })
    expect(done).toEqual(['pay', 'other'])
  })

  test('mutations of one field run in their turn among others, with conditions or without', async () => {
    const done: string[] = []
    const { ask } = graph({
      a: {
        sdl: `type Query { q: Int } type Mutation { pay(n: Int): Int other: Int }`,
        resolvers: {
          Mutation: {
            pay: (_: unknown, { n }: { n: number }) => done.push(`pay ${n}`),
            other: () => done.push('other'),
          },
        },
      },
    })
    const query = `mutation ($x: Boolean!) { one: pay(n: 1) other two: pay(n: 2) @include(if: $x) three: pay(n: 3) }`
    expect(await ask({ query, variables: { x: true } })).toEqual({
      data: { one: 1, other: 2, two: 3, three: 4 },
    })
    expect(done).toEqual(['pay 1', 'other', 'pay 2', 'pay 3'])
  })

  test('mutations of several subgraphs keep their order, whatever fragments they stand in', async () => {
    const done: string[] = []
    const subgraph = (name: string, query: string): SubgraphDefinition => ({
      sdl: `type Query { ${query}: Int } type Mutation { ${name}: Int }`,
      resolvers: { Mutation: { [name]: () => done.push(name) } },
    })
    const { ask } = graph({ a: subgraph('pay', 'a'), b: subgraph('other', 'b') })
    const query = 'mutation { ... on Mutation { __typename } pay ... on Mutation { other } }'
    expect(await ask(query)).toEqual({ data: { __typename: 'Mutation', pay: 1, other: 2 } })
    expect(done).toEqual(['pay', 'other'])
  })

  test('what fails at a place where the client does not ask for it is no error', async () => {
    const { ask } = graph({
      a: {
        sdl: `interface Named @key(fields: "id") { id: ID! } type User implements Named @key(fields: "id") { id: ID! }
          type Robot implements Named @key(fields: "id") { id: ID! }`,
        resolvers: {
          Named: {
            __resolveReference: ({ id }: { id: string }) => ({
              __typename: id === '1' ? 'User' : 'Robot',
              id,
            }),
          },
        },
      },
      b: {
        sdl: `type Query { all: [Named] } type Named @interfaceObject @key(fields: "id") { id: ID! extra: Int }`,
        resolvers: {
          Query: { all: () => [{ id: '1' }, { id: '2' }] },
          Named: {
            extra: ({ id }: { id: string }) => {
              if (id === '1') throw new Error('nobody asked')
              return 7
            },
          },
        },
      },
    })
    expect(await ask('{ all { ... on Robot { extra } } }')).toEqual({ data: { all: [{}, { extra: 7 }] } })
  })
})
