import { expect, test } from 'vitest'
import type { Federated } from '../support/federated.ts'
import { guardedGraph, token } from '../support/guarded-graph.ts'

/** Everything subgraphs were asked, as one text. */
function asked(tested: Federated): string {
  return ['people', 'orders']
    .flatMap(name => tested.subgraph(name).requests.map(({ query }) => query))
    .join('\n')
}

test('whoever has not signed in gets null and UNAUTHENTICATED at the field, and the subgraph is not asked for it', async () => {
  const tested = guardedGraph()
  expect(await tested.ask('{ me { name } users { name orders { total } rank } }')).toEqual({
    data: {
      me: null,
      users: [
        { name: 'Ada', orders: null, rank: 7 },
        { name: 'Bo', orders: null, rank: 7 },
      ],
    },
    errors: [
      unauthenticated(['me'], 'Query.me'),
      unauthenticated(['users', 0, 'orders'], 'User.orders'),
      unauthenticated(['users', 1, 'orders'], 'User.orders'),
    ],
  })
  expect(asked(tested)).not.toMatch(/\bme\b|orders/)
})

test('one list of scopes has to be complete; which are missing is said, policies are not named', async () => {
  const tested = guardedGraph()
  const query = '{ user(id: "1") { email salary } }'
  for (const scopes of [['read:email', 'read:users'], ['admin']]) {
    expect(await tested.ask(query, token(scopes, ['payroll']))).toEqual({
      data: { user: { email: 'ada@x', salary: 10 } },
    })
  }
  const refused = await tested.ask(query, token(['read:email']))
  expect(refused).toEqual({
    data: { user: { email: null, salary: null } },
    errors: [
      {
        message:
          'User.email is not for this credential: it asks for the scopes read:email and read:users, or admin',
        path: ['user', 'email'],
        extensions: { code: 'FORBIDDEN', coordinate: 'User.email' },
      },
      {
        message: 'User.salary is not for this credential: a policy refuses it',
        path: ['user', 'salary'],
        extensions: { code: 'FORBIDDEN', coordinate: 'User.salary' },
      },
    ],
  })
})

test('what is refused where no null may stand makes the nearest place null that may be', async () => {
  const tested = guardedGraph()
  expect(await tested.ask('{ must user(id: "1") { name } }')).toEqual({
    data: null,
    errors: [unauthenticated(['must'], 'Query.must')],
  })
  const { data, errors } = await tested.ask(
    '{ user(id: "1") { name orders { total address { street } } } }',
    token(),
  )
  expect(data).toEqual({ user: { name: 'Ada', orders: [null] } })
  expect(errors).toMatchObject([
    { path: ['user', 'orders', 0, 'address'], extensions: { code: 'FORBIDDEN', coordinate: 'Address' } },
  ])
  expect(asked(tested)).not.toContain('street')
})

test('aliases, fragments, interfaces and unions do not get around it', async () => {
  const tested = guardedGraph()
  const query = `
    query ($yes: Boolean!) {
      a: anyone { ...All ... on Robot { number: serial } }
      things { __typename ... on Vault { gold } ... on Robot { id } }
      ... on Query @include(if: $yes) { x: me { ...All } }
      users { ... on Actor { ... on User { mail: email } } }
    }
    fragment All on Actor { name ... on User { e: email } }`
  const { data, errors } = await tested.ask({ query, variables: { yes: true } })
  expect(data).toEqual({
    a: [
      { name: 'Ada', e: null },
      { name: 'R', number: null },
    ],
    things: [{ __typename: 'Robot', id: '9' }, null],
    x: null,
    users: [{ mail: null }, { mail: null }],
  })
  expect(errors?.map(({ path, extensions }) => [path?.join('.'), extensions['coordinate']])).toEqual([
    ['a.0.e', 'User.email'],
    ['a.1.number', 'Robot.serial'],
    ['things.1', 'Vault'],
    ['x', 'Query.me'],
    ['users.0.mail', 'User.email'],
    ['users.1.mail', 'User.email'],
  ])
  expect(asked(tested)).not.toMatch(/email|serial|gold|\bme\b/)
})

test('types of values are protected wherever they occur', async () => {
  const tested = guardedGraph()
  expect(await tested.ask('{ secret }', token())).toMatchObject({
    data: { secret: null },
    errors: [{ path: ['secret'], extensions: { code: 'FORBIDDEN', coordinate: 'Secret' } }],
  })
  expect(await tested.ask('{ secret }', token(['secrets']))).toEqual({ data: { secret: 'x' } })
})

test('a refused mutation does not happen, and the others do', async () => {
  const tested = guardedGraph()
  expect(
    await tested.ask('mutation ($n: String!) { rename(name: $n) { name } touch }', token(['read'])),
  ).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] })
  const request = {
    query: 'mutation ($n: String!) { rename(name: $n) { name } touch }',
    variables: { n: 'x' },
  }
  expect(await tested.ask(request, token(['read']))).toMatchObject({
    data: { rename: null, touch: 'touched' },
    errors: [{ path: ['rename'], extensions: { code: 'FORBIDDEN' } }],
  })
  expect(asked(tested)).not.toContain('rename')
})

test('a refused subscription is not begun; others are', async () => {
  const tested = guardedGraph()
  await expect(tested.subscribe('subscription { renamed { name } }')).rejects.toMatchObject({
    errors: [{ extensions: { code: 'UNAUTHENTICATED', coordinate: 'Subscription.renamed' } }],
  })
  const ticks = await tested.subscribe('subscription { ticks }')
  expect((await ticks.next()).value).toEqual({ data: { ticks: 1 } })
  await ticks.return?.()
})

test('introspection shows what is protected: it is part of the schema', async () => {
  const { data } = await guardedGraph().ask('{ __type(name: "User") { fields { name } } me { id } }')
  expect(JSON.stringify(data)).toContain('"email"')
  expect(data).toMatchObject({ me: null })
})

test('nobody gets a plan that was made for somebody else', async () => {
  const tested = guardedGraph()
  const query = '{ user(id: "1") { email } me { name } }'
  const answers = [undefined, token(), token(['admin']), undefined, token(['admin']), token()]
  const seen = []
  for (const context of answers) seen.push((await tested.ask(query, context)).data)
  const [none, some, all] = [
    { user: { email: null }, me: null },
    { user: { email: null }, me: { name: 'Ada' } },
    { user: { email: 'ada@x' }, me: { name: 'Ada' } },
  ]
  expect(seen).toEqual([none, some, all, none, all, some])
})

function unauthenticated(path: readonly (string | number)[], coordinate: string): object {
  return {
    message: `${coordinate} is only for those who have signed in`,
    path,
    extensions: { code: 'UNAUTHENTICATED', coordinate },
  }
}
