import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  getNamedType,
  isObjectType,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { clientId, clientSecret, redirectUri, startRealProvider } from '../auth/real-provider.ts'
import { until } from '../support/until.ts'
import { root } from '../tidy/source-files.ts'
import { demoEmail, demoPassword } from './demo.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const page = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'
const user = 'id displayName avatarUrl email timezone'
const actor = `id displayName avatarUrl createdTasks(first: 1) { nodes { id } } assignedTasks(first: 1) { totalCount } ... on User { ${user} }`
const errors = 'errors { code message path }'
const event = 'id cursor at kind actor { id } serviceAccount { id } task { id } changed'
const label = 'id name colour'
const comment = `id body author { ${actor} } task { id } createdAt version`
const auditEntry = `id at kind actor { id } by { id } sessionId keyId projectId invitationId role why threat count address userAgent`
const projectRoles = 'projectRoles { project { id } role }'
const apiKey = 'id name prefix scopes createdAt expiresAt lastUsedAt'
const account = `id displayName avatarUrl role createdAt disabledAt apiKeys { ${apiKey} } ${projectRoles}`
const invitation = 'id email role invitedBy { id } createdAt expiresAt'
const workspace = `id slug name createdAt labels { ${label} } serviceAccounts { ${account} } invitations { ${invitation} }
  projects(first: 1) { nodes { id } edges { cursor node { id } } totalCount ${page} }
  members(first: 1) { nodes { user { ${user} } role joinedAt ${projectRoles} } edges { cursor node { role } } totalCount ${page} }`
const project = `id key name archived version createdAt workspace { ${workspace} } tasks(first: 1) { totalCount }`
const task = `id number title description status priority startAt dueAt completedAt estimateMinutes url
  project { ${project} } creator { ${actor} } assignees { ${actor} } labels { ${label} } parent { id } subtasks { totalCount }
  blockedBy { id } blocks { id } version createdAt updatedAt deletedAt
  comments(first: 1) { nodes { ${comment} } edges { cursor node { id } } totalCount ${page} }
  viewerCan { update delete assign comment }
  activity(first: 5) { nodes { ${event} } edges { cursor node { id } } ${page} }`
const linked = 'id provider issuer linkedAt'
const viewer = `actor { id } workspace { ${workspace} } role scopes sessions { id createdAt lastSeenAt userAgent expiresAt current workspaceSlug } apiKeys { ${apiKey} } linkedSignIns { ${linked} }`
const signedInViewer = 'viewer { actor { id } workspace { id slug name } role scopes sessions { id } }'
const session = `accessToken refreshToken expiresAt ${signedInViewer} ${errors}`
const taskPayload = `task { id version } ${errors} clientMutationId replayed`

const signIn = `mutation ($input: SignInInput!) { signIn(input: $input) { ${session} } }`
const refresh = `mutation ($token: String!) { refreshSession(refreshToken: $token) { ${session} } }`
const createProject = `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { ${project} } ${errors} clientMutationId replayed } }`
const createLabel = `mutation ($input: CreateLabelInput!) { createLabel(input: $input) { label { ${label} } ${errors} clientMutationId replayed } }`
const createTask = `mutation ($input: CreateTaskInput!) { createTask(input: $input) { ${taskPayload} } }`
const change = `mutation ($project: ID!, $task: ID!, $other: ID!) {
  updateProject(input: { id: $project, name: "Renamed" }) { project { name } ${errors} clientMutationId replayed }
  updateTask(input: { id: $task, description: "Twelve words about zebras", estimateMinutes: 5 }) { ${taskPayload} }
  addTaskDependency(taskId: $task, blockedById: $other) { ${taskPayload} }
  addComment(input: { taskId: $task, body: "Well said" }) { comment { ${comment} } ${errors} clientMutationId replayed }
  completeTask(id: $task) { ${taskPayload} }
  deleteTask(id: $other) { deletedId task { deletedAt } ${errors} replayed }
  restoreTask(id: $other) { ${taskPayload} }
}`
const remove = `mutation ($task: ID!, $other: ID!) { removeTaskDependency(taskId: $task, blockedById: $other) { ${taskPayload} } }`
const read = `query ($task: ID!, $project: ID!, $user: ID!, $key: String!) {
  task(id: $task) { ${task} }
  taskByNumber(projectKey: $key, number: 1) { id }
  tasks(first: 1, orderBy: { field: UPDATED_AT, direction: DESC }) { nodes { id } edges { cursor node { id } } totalCount ${page} }
  project(id: $project) { ${project} }
  projects(first: 1) { totalCount }
  searchTasks(query: "zebras") { edges { node { id } cursor score highlights } ${page} }
  node(id: $project) { __typename id }
  nodes(ids: [$task, $user]) { __typename id }
  changes(first: 1) { events { ${event} } cursor more }
  viewer { ${viewer} }
  signInProviders { name label }
  user(id: $user) { ${user} }
  auditLog(first: 2) { nodes { ${auditEntry} } edges { cursor node { id } } ${page} }
}`
const follow = `subscription { taskEvents { ${event} } }`
const followSecurity = `subscription { securityEvents { cursor entry { ${auditEntry} } } }`
const signOut = 'mutation { signOut { ok } }'
const createKey = `mutation { createApiKey(input: { name: "CI" }) { key apiKey { ${apiKey} } ${errors} } }`
const revokeKey = `mutation ($id: ID!) { revokeApiKey(id: $id) { apiKey { id } ${errors} } }`
const invite = `mutation { createInvitation(input: { email: "new@ennead.example" }) { token invitation { ${invitation} } ${errors} } }`
const accept = `mutation ($token: String!) { acceptInvitation(input: { token: $token, displayName: "New", password: "new password" }) { ${session} } }`
const uninvite = `mutation ($id: ID!) { revokeInvitation(id: $id) { invitation { id } ${errors} } }`
const startProvider = `mutation ($redirect: String!) { startSignIn(input: { provider: "idp", redirectUri: $redirect }) { authorizationUrl flow expiresAt ${errors} } }`
const completeProvider = `mutation ($flow: String!, $url: String!) { completeSignIn(input: { flow: $flow, callbackUrl: $url }) { ${session} } }`
const unlink = `mutation ($id: ID!) { unlinkSignIn(id: $id) { linkedSignIn { ${linked} } ${errors} } }`
const createAccount = `mutation { createServiceAccount(input: { name: "Robot" }) { serviceAccount { ${account} } ${errors} } }`
const keepAccount = `mutation ($id: ID!, $project: ID!) {
  createApiKey(input: { name: "Robot", serviceAccountId: $id }) { key apiKey { id } ${errors} }
  setProjectRole(input: { actorId: $id, projectId: $project, role: ADMIN }) { ${projectRoles} ${errors} }
  updateServiceAccount(input: { id: $id, role: MEMBER }) { serviceAccount { ${account} } ${errors} }
}`
const changeAccounts = `mutation ($session: ID!, $user: ID!) {
  endSession(id: $session) { endedCount ${errors} }
  signOutEverywhere(keepCurrent: true) { endedCount ${errors} }
  changeMemberRole(userId: $user, role: ADMIN) { member { user { id } role joinedAt } ${errors} }
  removeMember(userId: $user) { member { role } ${errors} }
}`

const documents = [
  signIn,
  refresh,
  createProject,
  createLabel,
  createTask,
  change,
  remove,
  read,
  follow,
  followSecurity,
  changeAccounts,
  startProvider,
  completeProvider,
  unlink,
  invite,
  accept,
  uninvite,
  createAccount,
  keepAccount,
  createKey,
  revokeKey,
  signOut,
]

/** `Type.field` of everything a document selects; a field of an interface counts for its implementations. */
function selected(schema: GraphQLSchema, document: DocumentNode): readonly string[] {
  const found: string[] = []
  const info = new TypeInfo(schema)
  visit(
    document,
    visitWithTypeInfo(info, {
      Field() {
        const parent = info.getParentType()
        const field = info.getFieldDef()
        if (parent && field) found.push(`${parent.name}.${field.name}`)
      },
    }),
  )
  return found
}

test('every field of the graph is asked for here', () => {
  const schema = loadSupergraph(readFileSync(join(root, 'schema/supergraph.graphql'), 'utf8')).apiSchema
  const asked = new Set(documents.flatMap(text => selected(schema, parse(text))))
  const declared = Object.values(schema.getTypeMap())
    .filter(type => isObjectType(type) && !type.name.startsWith('__'))
    .flatMap(type =>
      isObjectType(type) ? Object.values(type.getFields()).map(field => ({ type, field })) : [],
    )
    .filter(({ type, field }) => {
      const byInterface = type.getInterfaces().some(one => asked.has(`${one.name}.${field.name}`))
      return !byInterface && !asked.has(`${type.name}.${field.name}`)
    })
    .map(({ type, field }) => `${type.name}.${field.name}: ${getNamedType(field.type).name}`)
  expect(declared).toEqual([])
})

function providersText(issuer: string): string {
  return `providers:
  - name: idp
    label: The IdP
    issuer: ${issuer}
    clientId: ${clientId}
    clientSecretFile: secret
    redirectUris: [${redirectUri}]
    join: { workspace: demo, role: MEMBER }
`
}

test('every field that is declared works', { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder()
  await using provider = await startRealProvider()
  provider.accounts.set('pia', { email: 'pia@ennead.example', email_verified: true, name: 'Pia' })
  const providers = join(folder.path, 'providers.yaml')
  await writeFile(providers, providersText(provider.issuer))
  await writeFile(join(folder.path, 'secret'), `${clientSecret}\n`)
  await using running = await startEnnead([
    'start',
    '--sign-in-providers',
    providers,
    '--port',
    '0',
    '--data',
    folder.path,
    // How long anything takes is no matter here.
    ...['request', 'mutation', 'domain', 'attempt'].flatMap(what => [`--${what}-timeout-ms`, '30000']),
  ])
  let token = ''
  const run = async (
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<Record<string, never>> => {
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (token !== '') headers['authorization'] = `Bearer ${token}`
    const response = await fetch(running.url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query, variables }),
    })
    const answer = (await response.json()) as { data: Record<string, never>; errors?: unknown } // GraphQL's response format.
    expect(answer.errors, query).toBeUndefined()
    // Payload errors of any mutation; UserError lists are empty when all is well.
    expect(JSON.stringify(answer.data)).not.toMatch(/"errors":\[\{/)
    return answer.data
  }
  const at = (value: unknown, ...path: readonly string[]): string =>
    String(path.reduce<unknown>((inner, name) => (inner as Record<string, unknown>)[name], value)) // Paths of the documents above.

  const signedIn = await run(signIn, {
    input: { email: demoEmail, password: await demoPassword(folder.path) },
  })
  const refreshed = await run(refresh, { token: at(signedIn, 'signIn', 'refreshToken') })
  token = at(refreshed, 'refreshSession', 'accessToken')

  const socket = createClient({
    url: running.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
  })
  const events: unknown[] = []
  const securityEvents: unknown[] = []
  for (const [query, into] of [
    [follow, events],
    [followSecurity, securityEvents],
  ] as const)
    socket.subscribe(
      { query },
      { next: answer => into.push(answer), error: failure => into.push(failure), complete: () => {} },
    )

  const key = 'ALL'
  const projectId = at(
    await run(createProject, { input: { key, name: 'Everything' } }),
    'createProject',
    'project',
    'id',
  )
  const labelId = at(await run(createLabel, { input: { name: 'urgent' } }), 'createLabel', 'label', 'id')
  const me = await run('{ viewer { actor { id } } }')
  const userId = at(me, 'viewer', 'actor', 'id')
  const instants = { startAt: '2026-11-01T09:00:00Z', dueAt: '2026-12-01T09:00:00+01:00' }
  const parent = at(
    await run(createTask, { input: { projectId, title: 'Parent' } }),
    'createTask',
    'task',
    'id',
  )
  const input = {
    projectId,
    title: 'All of it',
    parentId: parent,
    labelIds: [labelId],
    assigneeIds: [userId],
    ...instants,
  }
  const taskId = at(await run(createTask, { input }), 'createTask', 'task', 'id')
  await run(change, { project: projectId, task: taskId, other: parent })

  const found = await run(read, { task: taskId, project: projectId, user: userId, key })
  expect(found).toMatchObject({
    task: {
      number: 2,
      status: 'DONE',
      priority: 'NONE',
      estimateMinutes: 5,
      startAt: '2026-11-01T09:00:00.000Z',
      dueAt: '2026-12-01T08:00:00.000Z',
      completedAt: expect.any(String),
      url: `${new URL(running.url).origin}/t/ALL-2`,
      project: { key, name: 'Renamed' },
      creator: { id: userId, displayName: 'Ada', email: demoEmail },
      assignees: [{ id: userId, assignedTasks: { totalCount: 4 } }],
      labels: [{ name: 'urgent' }],
      parent: { id: parent },
      blockedBy: [{ id: parent }],
      comments: { totalCount: 1, nodes: [{ body: 'Well said', author: { displayName: 'Ada' } }] },
      viewerCan: { update: true, delete: true, assign: true, comment: true },
    },
    taskByNumber: { id: parent },
    searchTasks: { edges: [{ node: { id: taskId }, highlights: [expect.stringContaining('zebras')] }] },
    node: { __typename: 'Project', id: projectId },
    nodes: [
      { __typename: 'Task', id: taskId },
      { __typename: 'User', id: userId },
    ],
    viewer: { role: 'OWNER' },
  })
  const kinds = (found['task'] as unknown as { activity: { nodes: { kind: string }[] } }).activity.nodes // As `task` asks.
  expect(kinds.map(({ kind }) => kind)).toEqual([
    'STATUS_CHANGED',
    'COMMENTED',
    'UPDATED',
    'UPDATED',
    'CREATED',
  ])

  await until('an event with all its fields has come', () => events.length > 0)
  expect(events[0]).toMatchObject({
    data: { taskEvents: { cursor: expect.any(String), actor: { id: userId } } },
  })
  expect(JSON.stringify(events)).not.toContain('"errors"')
  await run(remove, { task: taskId, other: parent })
  const made = await run(createKey)
  await until('a security event with all its fields has come', () => securityEvents.length > 0)
  expect(securityEvents[0]).toMatchObject({
    data: { securityEvents: { cursor: expect.any(String), entry: { kind: 'KEY_CREATED' } } },
  })
  expect(JSON.stringify(securityEvents)).not.toContain('"errors"')
  await socket.dispose()
  const signedInToken = token
  token = at(made, 'createApiKey', 'key')
  expect(await run('{ viewer { role scopes apiKeys { name } } }')).toMatchObject({
    viewer: { role: 'OWNER', scopes: ['tasks:read', 'tasks:write'], apiKeys: [{ name: 'CI' }] },
  })
  token = signedInToken
  const robotId = at(await run(createAccount), 'createServiceAccount', 'serviceAccount', 'id')
  const kept = await run(keepAccount, { id: robotId, project: projectId })
  expect(kept).toMatchObject({
    setProjectRole: { projectRoles: [{ project: { id: projectId }, role: 'ADMIN' }] },
    updateServiceAccount: { serviceAccount: { id: robotId, apiKeys: [{ name: 'Robot' }] } },
  })
  token = at(kept, 'createApiKey', 'key')
  const byRobot = await run(createTask, {
    input: { projectId, title: 'By a program', assigneeIds: [robotId] },
  })
  const robotsTask = at(byRobot, 'createTask', 'task', 'id')
  expect(
    await run(
      `query ($id: ID!, $robot: ID!) { task(id: $id) { creator { ${actor} } assignees { id displayName } viewerCan { delete }
        activity(first: 1) { nodes { actor { id } serviceAccount { displayName } } } } node(id: $robot) { __typename } }`,
      { id: robotsTask, robot: robotId },
    ),
  ).toMatchObject({
    task: {
      creator: { id: robotId, displayName: 'Robot', createdTasks: { nodes: [{ id: robotsTask }] } },
      assignees: [{ displayName: 'Robot' }],
      viewerCan: { delete: true },
      activity: { nodes: [{ actor: null, serviceAccount: { displayName: 'Robot' } }] },
    },
    node: { __typename: 'ServiceAccount' },
  })
  token = signedInToken
  const invited = await run(invite)
  const revoked = await run(uninvite, {
    id: at(await run(invite), 'createInvitation', 'invitation', 'id'),
  })
  expect(revoked).toMatchObject({ revokeInvitation: { invitation: {} } })
  token = ''
  const started = await run(startProvider, { redirect: redirectUri })
  const authorizationUrl = at(started, 'startSignIn', 'authorizationUrl')
  const url = await provider.signIn(authorizationUrl, 'pia')
  const pia = await run(completeProvider, { flow: at(started, 'startSignIn', 'flow'), url })
  expect(pia).toMatchObject({ completeSignIn: { viewer: { role: 'MEMBER' } } })
  token = at(pia, 'completeSignIn', 'accessToken')
  const own = await run(`{ viewer { linkedSignIns { ${linked} } } }`)
  expect(own).toMatchObject({ viewer: { linkedSignIns: [{ provider: 'idp' }] } })
  const linkedId = /"id":"([^"]+)"/.exec(JSON.stringify(own))?.[1]
  // It is her only way in.
  const kept1 = await fetch(running.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: unlink, variables: { id: linkedId } }),
  })
  expect(await kept1.json()).toMatchObject({ data: { unlinkSignIn: { errors: [{ code: 'VALIDATION' }] } } })
  token = ''
  const newcomer = await run(accept, { token: at(invited, 'createInvitation', 'token') })
  expect(newcomer).toMatchObject({ acceptInvitation: { viewer: { role: 'MEMBER' } } })
  token = signedInToken
  const id = at(made, 'createApiKey', 'apiKey', 'id')
  expect(await run(revokeKey, { id })).toMatchObject({ revokeApiKey: { apiKey: { id } } })
  const email = 'mel@ennead.example'
  const slug = at(await run('{ viewer { workspace { slug } } }'), 'viewer', 'workspace', 'slug')
  const added = await runEnnead(['user', 'add', '--email', email, '--workspace', slug, '--data', folder.path])
  expect([added.code, added.stderr]).toEqual([0, ''])
  const people = await run('{ viewer { workspace { members(first: 9) { nodes { user { id email } } } } } }')
  const members = JSON.stringify(people)
  const other = new RegExp(`"id":"([^"]+)","email":"${email}"`).exec(members)?.[1] ?? ''
  const elsewhere = await run(signIn, {
    input: { email: demoEmail, password: await demoPassword(folder.path) },
  })
  const sessions = await run('{ viewer { sessions { id current } } }')
  const session = /"id":"([^"]+)","current":false/.exec(JSON.stringify(sessions))?.[1] ?? ''
  expect(at(elsewhere, 'signIn', 'accessToken')).not.toBe('')
  expect(await run(changeAccounts, { session, user: other })).toMatchObject({
    endSession: { endedCount: 1 },
    // The one that made the demo.
    signOutEverywhere: { endedCount: 1 },
    changeMemberRole: { member: { user: { id: other }, role: 'ADMIN' } },
    removeMember: { member: { role: 'ADMIN' } },
  })
  expect(await run(signOut)).toEqual({ signOut: { ok: true } })
})
