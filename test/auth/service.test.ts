import { expect, test } from 'vitest'
import type { Principal } from '../../kernel/principal.ts'
import type { SubgraphAnswer } from '../../subgraphs/service/subgraph-service.ts'
import { openCounter } from './auth-counter.ts'
import { openDesk } from './auth-desk.ts'

const signInQuery = `mutation ($input: SignInInput!) { signIn(input: $input) {
  accessToken refreshToken expiresAt
  viewer { role scopes actor { __typename id displayName } workspace { slug } sessions { current userAgent } }
  errors { code message path }
} }`

test('signing in answers tokens and the viewer', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const { email } = desk.grace.user
  const answer = await counter.ask(undefined, signInQuery, {
    input: { email, password: desk.grace.password },
  })
  expect(answer).toMatchObject({
    data: {
      signIn: {
        accessToken: expect.stringMatching(/^ey/),
        refreshToken: expect.stringMatching(/^session_/),
        expiresAt: expect.stringMatching(/Z$/),
        viewer: {
          role: 'OWNER',
          scopes: ['tasks:read', 'tasks:write'],
          actor: { __typename: 'User', id: desk.grace.user.id, displayName: 'Grace' },
          workspace: { slug: 'navy' },
          sessions: [{ current: true, userAgent: 'curl/8' }],
        },
        errors: [],
      },
    },
  })
  expect(answer.errors).toBeUndefined()
})

test('of several sign-ins in one request only the first is tried', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const input = { email: desk.grace.user.email, password: desk.grace.password }
  const answer = await counter.ask(
    undefined,
    `mutation ($wrong: SignInInput!, $input: SignInInput!) {
      a: signIn(input: $wrong) { accessToken errors { code } }
      b: signIn(input: $input) { accessToken errors { code } }
      c: signIn(input: $input) { accessToken errors { code } }
    }`,
    { wrong: { ...input, password: 'wrong' }, input },
  )
  expect(answer.data).toEqual({
    a: { accessToken: null, errors: [{ code: 'FORBIDDEN' }] },
    b: { accessToken: null, errors: [{ code: 'RATE_LIMITED' }] },
    c: { accessToken: null, errors: [{ code: 'RATE_LIMITED' }] },
  })
})

test('refreshing, signing out, and what is refused of them, by GraphQL', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const first = await desk.signIn()
  const refresh =
    'mutation ($t: String!) { refreshSession(refreshToken: $t) { refreshToken errors { code } } }'
  const renewed = await counter.ask(undefined, refresh, { t: first.refreshToken })
  expect(renewed.data).toMatchObject({ refreshSession: { errors: [] } })
  const again = await counter.ask(undefined, refresh, { t: first.refreshToken })
  expect(again.data).toEqual({ refreshSession: { refreshToken: null, errors: [{ code: 'FORBIDDEN' }] } })

  const second = await desk.signIn()
  expect(await counter.ask(second.principal, 'mutation { signOut { ok } }')).toEqual({
    data: { signOut: { ok: true } },
  })
  expect(await desk.who(second.accessToken)).toBe('UNAUTHENTICATED')
  const nobody = await counter.ask(undefined, 'mutation { signOut { ok } }')
  expect(nobody.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('when no store answers, signing in is refused as UNAVAILABLE', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  desk.disks.rbac.state = 'away'
  desk.disks.issuer.state = 'away'
  const { email } = desk.grace.user
  const answer = await counter.ask(undefined, signInQuery, {
    input: { email, password: desk.grace.password },
  })
  expect(answer.data).toMatchObject({ signIn: { accessToken: null, errors: [{ code: 'UNAVAILABLE' }] } })
})

test('without a credential there is no viewer, and a user cannot be asked for', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  expect(await counter.ask(undefined, '{ viewer { role } }')).toEqual({ data: { viewer: null } })
  const answer = await counter.ask(undefined, `{ user(id: "${desk.grace.user.id}") { email } }`)
  expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(answer.data).toEqual({ user: null })
})

test('entities of members resolve, also by their interface; those of strangers are null', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const { administration } = desk.domain
  const alan = await desk.hire('Alan', 'MEMBER')
  await administration.removeMember(desk.workspace.id, alan.user.id)
  const army = await administration.createWorkspace({ slug: 'army', name: 'Army' })
  const stranger = await administration.createUser({ email: 'eve@army.example', displayName: 'Eve' })
  await administration.addMember(army.id, stranger.user.id, 'OWNER')
  const { principal } = await desk.signIn()
  const entities = `query ($of: [_Any!]!) { _entities(representations: $of) {
    __typename ... on Actor { displayName } ... on User { email } ... on Workspace { slug }
  } }`
  const of = [
    { __typename: 'Actor', id: desk.grace.user.id },
    { __typename: 'User', id: alan.user.id },
    { __typename: 'Actor', id: stranger.user.id },
    { __typename: 'User', id: stranger.user.id },
    { __typename: 'User', id: 'user_x' },
    { __typename: 'Workspace', id: desk.workspace.id },
    { __typename: 'Workspace', id: army.id },
  ]
  const answer = await counter.ask(principal, entities, { of })
  expect(answer.errors).toBeUndefined()
  expect(answer.data?.['_entities']).toEqual([
    { __typename: 'User', displayName: 'Grace', email: 'grace@navy.example' },
    { __typename: 'User', displayName: 'Alan', email: 'alan@navy.example' },
    null,
    null,
    null,
    { __typename: 'Workspace', slug: 'navy' },
    null,
  ])
  const byNobody = await counter.ask(undefined, entities, { of })
  expect(byNobody.data?.['_entities']).toEqual(of.map(() => null))
})

test('a hundred users in one request are one call of the domain', async () => {
  const started: string[] = []
  await using desk = await openDesk({
    observe: event => void ('operation' in event && started.push(`${event.is} ${event.operation}`)),
  })
  await using counter = await openCounter(desk)
  const { principal } = await desk.signIn()
  started.length = 0
  const of = Array.from({ length: 100 }, (_, index) => ({
    __typename: 'Actor',
    id: index % 2 === 0 ? desk.grace.user.id : `user_${index}`,
  }))
  const answer = await counter.ask(
    principal,
    'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Actor { displayName } } }',
    { of },
  )
  expect(answer.errors).toBeUndefined()
  expect(started.length).toBeGreaterThan(0)
  expect(new Set(started).size).toBe(started.length)
})

test('what the viewer may do with a task follows from role and creator', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const alan = await desk.signIn(await desk.hire('Alan', 'MEMBER'))
  const guest = await desk.signIn(await desk.hire('Gus', 'GUEST'))
  const query = `query ($of: [_Any!]!) { _entities(representations: $of) {
    ... on Task { viewerCan { update delete assign comment } }
  } }`
  const task = (creatorId: string): Record<string, string> => ({
    __typename: 'Task',
    id: 'task_1',
    projectId: 'project_1',
    creatorId,
  })
  const of = [task(alan.principal.actorId), task(desk.grace.user.id)]
  const may = (update: boolean, remove: boolean, comment = true): unknown => ({
    viewerCan: { update, delete: remove, assign: update, comment },
  })
  const entitiesFor = async (principal: Principal | undefined): Promise<unknown> =>
    (await counter.ask(principal, query, { of })).data?.['_entities']
  expect(await entitiesFor((await desk.signIn()).principal)).toEqual([may(true, true), may(true, true)])
  expect(await entitiesFor(alan.principal)).toEqual([may(true, true), may(true, false)])
  expect(await entitiesFor(guest.principal)).toEqual([may(false, false), may(false, false)])
  const nobody = await counter.ask(undefined, query, { of })
  expect(nobody.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('members come in pages, and a page of another size or cursor is refused', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  for (const name of ['Alan', 'Ada', 'Kurt', 'Emmy']) {
    desk.clock.forward(1_000)
    await desk.hire(name, 'MEMBER')
  }
  const { principal } = await desk.signIn()
  const query = `query ($first: Int, $after: String) { viewer { workspace { members(first: $first, after: $after) {
    totalCount nodes { role user { displayName } } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor }
  } } } }`
  const names: string[] = []
  let after: string | null = null
  for (let page = 0; page < 3; page++) {
    const answer = await counter.ask(principal, query, { first: 2, after })
    const members = membersIn(answer)
    names.push(...members.nodes.map(node => node.user.displayName))
    expect(members.totalCount).toBe(5)
    expect(members.pageInfo.hasNextPage).toBe(page < 2)
    expect(members.pageInfo.hasPreviousPage).toBe(page > 0)
    after = members.pageInfo.endCursor
  }
  expect(names).toEqual(['Grace', 'Alan', 'Ada', 'Kurt', 'Emmy'])
  for (const first of [0, -1, 101]) {
    const answer = await counter.ask(principal, query, { first })
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT' })
  }
  for (const wrong of ['', 'x', Buffer.from('member:workspace_x/user_y').toString('base64url')]) {
    const answer = await counter.ask(principal, query, { after: wrong })
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'CURSOR_INVALID' })
  }
})

/** The page in an answer to the query above, which has this shape. */
function membersIn({ data }: SubgraphAnswer): Page {
  const viewer = data?.['viewer'] as { readonly workspace: { readonly members: Page } } | undefined
  if (viewer === undefined) throw new Error('the answer has no viewer')
  return viewer.workspace.members
}

interface Page {
  readonly totalCount: number
  readonly nodes: readonly { readonly user: { readonly displayName: string } }[]
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly endCursor: string | null
  }
}
