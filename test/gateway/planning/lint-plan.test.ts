import fc from 'fast-check'
import { buildASTSchema, Kind, parse, print, validate, visit } from 'graphql'
import type { FieldNode } from 'graphql'
import { expect, test } from 'vitest'
import { unreachable } from '../../../kernel/errors.ts'
import { withSafeNames } from '../../../gateway/planning/client-names.ts'
import { externalsAsked } from '../../../gateway/planning/lint-externals.ts'
import { wronglyRequired } from '../../../gateway/planning/lint-requires.ts'
import { lintPlan } from '../../../gateway/planning/lint-plan.ts'
import type { LintedOperation } from '../../../gateway/planning/lint-plan.ts'
import { joinConditions } from '../../../gateway/planning/joined-conditions.ts'
import { ApolloPlanner } from '../../../gateway/planning/apollo-planner.ts'
import { LocalPlanner } from '../../../gateway/planning/local-planner.ts'
import type { FetchNode, Plan, PlanNode } from '../../../gateway/planning/plan.ts'
import { loadSupergraph } from '../../../gateway/supergraph/supergraph.ts'
import { withoutProvides } from '../../../gateway/supergraph/without-provides.ts'
import { composeForTest } from '../../support/federated.ts'
import { librarySubgraphs, monolithSdl } from '../../support/library-graph.ts'
import { randomOperation } from '../../support/random-operation.ts'

const supergraph = loadSupergraph(
  composeForTest({
    a: {
      sdl: `type Query { user(id: ID!): User search: [Hit] } union Hit = User | Post type User @key(fields: "id") { id: ID! name(upper: Boolean, most: Int = 3): String friend: User posts: [Post] }
        type Post @key(fields: "id") { id: ID! title: String }`,
    },
    b: {
      sdl: `type User @key(fields: "id") { id: ID! age(at: String): Int mail: String } type Post @key(fields: "id") { id: ID! likes(of: String): Int }`,
    },
  }),
)

const query = `query ($id: ID!, $at: String) {
  user(id: $id) { name(upper: true, most: 2) old: age(at: $at) friend { mail age } posts { title likes(of: "ada") } }
  search { __typename ... on User { mail } ... on Post { likes } }
}`

const planners = ['apollo', 'rust'] as const

const providing = loadSupergraph(
  composeForTest({
    a: {
      sdl: `type Query { best: Post @provides(fields: "title author { name }") all: [Post] }
        type Post @key(fields: "id") { id: ID! title: String @external author: User @shareable }
        type User @key(fields: "id") { id: ID! name: String @external }`,
    },
    b: {
      sdl: `type Post @key(fields: "id") { id: ID! title: String @shareable author: User @shareable }
        type User @key(fields: "id") { id: ID! name: String @shareable }`,
    },
  }),
)

function operationOf(text: string): LintedOperation {
  return { document: parse(text), operationName: undefined, joined: [] }
}

function lint(plan: Plan): readonly string[] {
  return lintPlan(plan, operationOf(query), supergraph.apiSchema).faults
}

/** The plan with one of its fetches replaced. */
function changed(plan: Plan, at: number, change: (fetch: FetchNode) => FetchNode | undefined): Plan {
  let index = 0
  const walk = (node: PlanNode): PlanNode | undefined => {
    switch (node.kind) {
      case 'Fetch':
        return index++ === at ? change(node) : node
      case 'Flatten': {
        const inner = walk(node.node)
        return inner && { ...node, node: inner }
      }
      case 'Condition':
        return node
      case 'Sequence':
      case 'Parallel':
        return { ...node, nodes: node.nodes.flatMap(inner => walk(inner) ?? []) }
      default:
        return unreachable(node)
    }
  }
  return { ...plan, root: plan.root && walk(plan.root) }
}

/** The operation of a fetch with its nth field as `edit` makes it. */
function withField(fetch: FetchNode, nth: number, edit: (field: FieldNode) => FieldNode): FetchNode {
  let index = 0
  const document = visit(parse(fetch.operation, { noLocation: true }), {
    Field: field => (isMachinery(field) ? undefined : index++ === nth ? edit(field) : undefined),
  })
  return { ...fetch, operation: print(document) }
}

const typename: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

/** Not what the client asked for, so that its loss is another fault. */
function isMachinery({ name }: FieldNode): boolean {
  return ['_entities', '__typename', 'id'].includes(name.value)
}

async function planOf(planner: 'apollo' | 'rust'): Promise<Plan> {
  const plan = await new LocalPlanner(planner, supergraph.sdl).plan({ text: query, operationName: undefined })
  expect(plan.plannedBy).toBe(planner)
  return plan
}

function fetchesOf(plan: Plan): readonly FetchNode[] {
  const found: FetchNode[] = []
  for (let at = 0; at < plan.fetches; at++) {
    changed(plan, at, fetch => {
      found.push(fetch)
      return fetch
    })
  }
  return found
}

test.each(planners)(
  'a plan of the %s planner has no faults, and each damage to what all objects have is one',
  async planner => {
    const plan = await planOf(planner)
    expect(lint(plan)).toEqual([])
    let damages = 0
    for (const [at, fetch] of fetchesOf(plan).entries()) {
      const fields: FieldNode[] = []
      visit(parse(fetch.operation), { Field: field => void (isMachinery(field) || fields.push(field)) })
      for (const [nth, field] of fields.entries()) {
        // What only some objects of a union have may be left out of a plan: `mail` and `likes` of the search.
        if (
          fetch.operation.includes('mail') ||
          (fetch.operation.includes('likes') && !fetch.operation.includes('of:'))
        )
          continue
        damages++
        const lost = changed(plan, at, one => withField(one, nth, () => typename))
        expect(lint(lost), `without ${field.name.value} of ${fetch.operation}`).not.toEqual([])
        for (const argument of field.arguments ?? []) {
          const others = (field.arguments ?? []).filter(each => each !== argument)
          const bare = changed(plan, at, one => withField(one, nth, node => ({ ...node, arguments: others })))
          expect(lint(bare), `without ${argument.name.value} of ${fetch.operation}`).not.toEqual([])
        }
      }
    }
    expect(damages).toBeGreaterThan(4)
  },
)

test.each(planners)('a plan of the %s planner without one of its fetches has faults', async planner => {
  const plan = await planOf(planner)
  for (const [at, fetch] of fetchesOf(plan).entries()) {
    if (fetch.operation.includes('mail') && !fetch.operation.includes('age')) continue
    if (fetch.operation.includes('likes') && !fetch.operation.includes('of:')) continue
    expect(lint(changed(plan, at, () => undefined)), fetch.operation).not.toEqual([])
  }
})

test('a fetch that asks for two things under one name is a fault', () => {
  const fetch = (operation: string): Plan => ({
    plannedBy: 'apollo',
    root: { kind: 'Fetch', serviceName: 'a', operation, operationKind: 'query' },
    source: undefined,
    fetches: 1,
  })
  const asked = operationOf('{ search { __typename } }')
  const faults = (operation: string) => lintPlan(fetch(operation), asked, supergraph.apiSchema).faults
  for (const inside of [
    '...on User{name ...on User{name(upper:true)}}',
    '...on User{name} ...on User@skip(if:$x){name(upper:true)}',
  ]) {
    expect(faults(`query($x:Boolean){search{${inside}}}`)).toEqual([
      'a fetch asks for two things under the name "name"',
    ])
  }
  expect(faults('{search{...on User{name} ...on Post{name:title}}}')).toEqual([])
})

const conditioned = `query ($x: Boolean!, $y: Boolean!) { user(id: "1") { name mail @skip(if: $y) friend @include(if: $x) { name } } }`

test.each(planners)(
  'a plan of the %s planner that loses a condition has faults or fetches too much',
  async choice => {
    const { document, joined } = joinConditions(parse(conditioned), undefined)
    const operation = { document, operationName: undefined, joined }
    const plan = await new LocalPlanner(choice, supergraph).plan({
      text: conditioned,
      operationName: undefined,
    })
    expect(lintPlan(plan, operation, supergraph.apiSchema)).toMatchObject({
      faults: [],
      excess: [],
      doubts: [],
    })
    let changes = 0
    for (const [at, fetch] of fetchesOf(plan).entries()) {
      const text = fetch.operation
      for (const [word, other] of [
        ['@include', '@skip'],
        ['@skip', '@include'],
      ] as const) {
        if (!text.includes(word)) continue
        changes++
        const turned = changed(plan, at, one => ({ ...one, operation: text.replace(word, other) }))
        expect(lintPlan(turned, operation, supergraph.apiSchema).faults, text).not.toEqual([])
        const bare = text.replace(new RegExp(`${word}\\s*\\(if:\\s*\\$\\w+\\)`), '')
        const lost = changed(plan, at, one => ({ ...one, operation: bare }))
        expect(lintPlan(lost, operation, supergraph.apiSchema), bare).toMatchObject({
          faults: [],
          excess: [expect.stringContaining('is fetched when nobody asks for it')],
        })
      }
    }
    expect(changes).toBeGreaterThan(0)
  },
)

test('a mutation that is made although nobody asks for it is a fault', () => {
  const text = 'mutation ($x: Boolean!) { pay @include(if: $x) other }'
  const schema = buildASTSchema(parse('type Query { q: Int } type Mutation { pay: Int other: Int }'))
  const plan = (operation: string): Plan => ({
    plannedBy: 'rust',
    root: { kind: 'Fetch', serviceName: 'a', operation, operationKind: 'mutation' },
    source: undefined,
    fetches: 1,
  })
  const faults = (operation: string) => lintPlan(plan(operation), operationOf(text), schema).faults
  expect(faults(text)).toEqual([])
  expect(faults('mutation { pay other }')).toEqual(['pay is fetched when nobody asks for it'])
})

test('what is read of a mutation’s answer although nobody asks for it is no fault', () => {
  const text = 'mutation ($x: Boolean!) { pay { sum @include(if: $x) } }'
  const schema = buildASTSchema(
    parse('type Query { q: Int } type Mutation { pay: Bill } type Bill { sum: Int }'),
  )
  const root = { kind: 'Fetch', serviceName: 'a', operationKind: 'mutation' } as const
  const plan = { plannedBy: 'rust', source: undefined, fetches: 1 } as const
  const operation = 'mutation { pay { sum } }'
  expect(lintPlan({ ...plan, root: { ...root, operation } }, operationOf(text), schema)).toMatchObject({
    faults: [],
    excess: ['pay.sum is fetched when nobody asks for it'],
  })
})

test('a fetch that asks for an object and nothing of it is a fault', () => {
  const schema = buildASTSchema(parse('type Query { me: User } type User { name: String friend: User }'))
  const root = { kind: 'Fetch', serviceName: 'a', operationKind: 'query' } as const
  const operation = '{ me { friend { name } friend } }'
  const plan: Plan = { plannedBy: 'rust', root: { ...root, operation }, source: undefined, fetches: 1 }
  expect(lintPlan(plan, operationOf('{ me { friend { name } } }'), schema).faults).toEqual([
    'me.friend is fetched without anything of it',
  ])
})

test('fields below a field that a subgraph adds to an interface are looked for by the types they are asked of', () => {
  const schema = buildASTSchema(
    parse(`type Query { it: Named } interface Named { id: ID place: Place } type Place { a: Int b: Int }
      type Dog implements Named { id: ID place: Place } type Cat implements Named { id: ID place: Place }`),
  )
  const fetch = (operation: string) =>
    ({ kind: 'Fetch', serviceName: 'z', operation, operationKind: 'query' }) as const
  const doubts = (typeCondition: string) => {
    const entities: FetchNode = {
      ...fetch(
        'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Named { place { b } } } }',
      ),
      requires: [{ kind: 'InlineFragment', typeCondition, selections: [{ kind: 'Field', name: 'id' }] }],
      inputRewrites: [{ kind: 'ValueSetter', path: ['... on Named', '__typename'], setValueTo: 'Named' }],
    }
    const nodes: PlanNode[] = [
      fetch('{ it { __typename id place { a } } }'),
      { kind: 'Flatten', path: ['it'], node: entities },
    ]
    const plan: Plan = { plannedBy: 'rust', root: { kind: 'Sequence', nodes }, source: undefined, fetches: 2 }
    return lintPlan(plan, operationOf('{ it { place { a } ... on Dog { place { b } } } }'), schema).doubts
  }
  expect(doubts('Dog')).toEqual([])
  expect(doubts('Cat')).toEqual(['it.place.b is not always fetched for Dog'])
})

test('what a later fetch requires may be fetched when nobody asks for it', async () => {
  const text = 'query ($x: Boolean!) { user(id: "1") { id @include(if: $x) mail } }'
  const plan = await new LocalPlanner('apollo', supergraph).plan({ text, operationName: undefined })
  expect(lintPlan(plan, operationOf(text), supergraph.apiSchema)).toMatchObject({
    faults: [],
    excess: [],
    doubts: [],
  })
})

test('plans of random operations that are answered well have no faults', async () => {
  const library = loadSupergraph(composeForTest(librarySubgraphs))
  const monolith = buildASTSchema(parse(monolithSdl))
  const planner = new LocalPlanner('apollo', library.sdl)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(10_000), { minLength: 10, maxLength: 60 }), async tape => {
      const text = randomOperation(monolith, tape)
      const document = parse(text)
      fc.pre(validate(monolith, document).every(({ message }) => message.includes('never used')))
      // The first planner's: had it faults, the other one's plan would come.
      const safe = print(withSafeNames(document, text, library.reserved).node)
      expect((await planner.plan({ text: safe, operationName: undefined })).plannedBy, text).toBe('apollo')
    }),
    { numRuns: 100 },
  )
})

test.each([
  ['{ best { id title author { name } } }', []],
  ['{ best { ... on Post { author { ... on User { name } } } } }', []],
  ['{ all { id author { id } } }', []],
  ['{ all { title } }', ['Post.title']],
  ['{ all { author { name } } best { title } }', ['User.name']],
])(
  'fields that a subgraph does not answer are found where nothing provides them: %s',
  (operation, expected) => {
    const fetch = { kind: 'Fetch', serviceName: 'a', operation, operationKind: 'query' } as const
    const plan = { plannedBy: 'apollo', root: fetch, source: undefined, fetches: 1 } as const
    const { externals, apiSchema } = providing
    const found = externalsAsked(plan, externals, apiSchema)
    expect(found.map(each => each.split(' ')[0])).toEqual(expected)
    expect(externalsAsked({ ...plan, root: { ...fetch, serviceName: 'b' } }, externals, apiSchema)).toEqual(
      [],
    )
  },
)

test.each(planners)('plans of the %s planner ask nobody for what it does not answer', async name => {
  const planner = new LocalPlanner(name, providing)
  for (const text of [
    '{ best { title author { name } } }',
    '{ all { title author { name } } best { author { name } } }',
  ]) {
    const plan = await planner.plan({ text, operationName: undefined })
    expect(externalsAsked(plan, providing.externals, providing.apiSchema)).toEqual([])
  }
  await planner.close()
})

const moving = loadSupergraph(
  composeForTest({
    a: {
      sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! best: Best }
      union Best = User`,
    },
    b: {
      sdl: `type Query { other: User } type User @key(fields: "id") { id: ID! best: Best @override(from: "a", label: "percent(30)") }
        union Best = User`,
    },
  }),
)

test.each([
  ['a', 50, []],
  ['b', 50, ['User.best']],
  ['a', 10, ['User.best']],
  ['b', 10, []],
])(
  'a field that is asked of the subgraph %s by a caller at %i percent, on the wrong side of its label, is found',
  (serviceName, percentile, expected) => {
    const operation = '{ user { id best { ... on User { id } } } }'
    const root = { kind: 'Fetch', serviceName, operation, operationKind: 'query' } as const
    const plan = { plannedBy: 'apollo', root, source: undefined, fetches: 1 } as const
    const found = externalsAsked(plan, moving.externals, moving.apiSchema, { active: [], percentile })
    expect(found.map(each => each.split(' ')[0])).toEqual(expected)
  },
)

test.each(planners)('asked first, the %s planner leaves every field on its side of a label', async name => {
  const planner = new LocalPlanner(name, moving)
  for (const percentile of [10, 50]) {
    for (const text of ['{ user { best { __typename } } }', '{ other { best { __typename } } }']) {
      const overrides = { active: [], percentile }
      const plan = await planner.plan({ text, operationName: undefined, overrides })
      expect(externalsAsked(plan, moving.externals, moving.apiSchema, overrides)).toEqual([])
    }
  }
  await planner.close()
})

const requiring = loadSupergraph(
  composeForTest({
    a: { sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! words(most: Int): String }` },
    b: {
      sdl: `type User @key(fields: "id") { id: ID! words(most: Int): String @external
        one: String @requires(fields: "words(most: 1)") three: String @requires(fields: "words(most: 3)") }`,
    },
  }),
)

const withFetches = (plan: Plan, text: string) =>
  wronglyRequired(lintPlan(plan, operationOf(text), requiring.apiSchema).fetches, requiring.requiredArguments)

test('a plan that fetches one field once for two @requires with different arguments is found out', async () => {
  const planner = new ApolloPlanner(requiring)
  const both = '{ user { one three } }'
  expect(withFetches(await planner.plan({ text: both, operationName: undefined }), both)).toEqual([
    'User.one is asked for with what it requires for other arguments',
  ])
  for (const text of ['{ user { one } }', '{ user { three } }']) {
    expect(withFetches(await planner.plan({ text, operationName: undefined }), text)).toEqual([])
  }
})

test.each(planners)(
  'asked first, the %s planner leaves no @requires with the arguments of another',
  async name => {
    const planner = new LocalPlanner(name, requiring)
    for (const text of [
      '{ user { one three } }',
      '{ user { three own: words(most: 2) one } }',
      '{ user { one } }',
    ]) {
      expect(withFetches(await planner.plan({ text, operationName: undefined }), text)).toEqual([])
    }
    await planner.close()
  },
)

test('a plan that fetches one field once for a @requires with arguments and one without is found out', async () => {
  const words = 'words(most: Int): String'
  const own = loadSupergraph(
    composeForTest({
      a: { sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! ${words} }` },
      b: {
        sdl: `type User @key(fields: "id") { id: ID! ${words} @external one: String @requires(fields: "words(most: 1)") all: String @requires(fields: "words") }`,
      },
    }),
  )
  const text = '{ user { one all } }'
  const plan = await new ApolloPlanner(own).plan({ text, operationName: undefined })
  const { fetches } = lintPlan(plan, operationOf(text), own.apiSchema)
  expect(wronglyRequired(fetches, own.requiredArguments)).toHaveLength(1)
})

test('objects of two types in one list may have one field fetched with different arguments', async () => {
  const user = '@key(fields: "id") { id: ID! words(most: Int): String'
  const twoTypes = loadSupergraph(
    composeForTest({
      a: { sdl: `type Query { all: [Any] } union Any = User | Post type User ${user} } type Post ${user} }` },
      b: {
        sdl: `type User ${user} @external one: String @requires(fields: "words(most: 1)") }
          type Post ${user} @external three: String @requires(fields: "words(most: 3)") }`,
      },
    }),
  )
  const text = '{ all { ... on User { one } ... on Post { three } } }'
  for (const name of planners) {
    const planner = new LocalPlanner(name, twoTypes)
    const plan = await planner.plan({ text, operationName: undefined })
    expect(plan.plannedBy).toBe(name)
    await planner.close()
  }
})

test('without @provides a supergraph can still be planned on, also where keys of other types have a provided field’s name', async () => {
  const { sdl } = loadSupergraph(
    composeForTest({
      a: {
        sdl: `type Query { user: User } type User @key(fields: "id") { id: ID! }
          type Post @key(fields: "id") @key(fields: "code") { id: ID! @shareable code: Int! @shareable title: String }`,
      },
      b: {
        sdl: `type Query { best: Post @provides(fields: "id") all: [Post] } type User @key(fields: "id") { id: ID! posts: [Post] }
          type Post @key(fields: "code", resolvable: false) { id: ID! @external code: Int! @shareable }`,
      },
    }),
  )
  const stripped = loadSupergraph(withoutProvides(sdl))
  const plan = await new ApolloPlanner(stripped).plan({
    text: '{ all { id title } best { id } user { posts { id } } }',
    operationName: undefined,
  })
  expect(externalsAsked(plan, loadSupergraph(sdl).externals, stripped.apiSchema)).toEqual([])
})
