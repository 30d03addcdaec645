import { redirectUri } from '../auth/real-provider.ts'

/** One workspace, whoever acts in it, and what is known of it. */
export interface Tenant {
  readonly name: string
  readonly token: string
  /** In every text that this tenant writes, and in nobody else's. */
  readonly marker: string
  /** Ids of its objects, by type. */
  readonly ids: Map<IdType, string[]>
  readonly cursors: string[]
}

export type IdType =
  | 'Project'
  | 'Task'
  | 'Comment'
  | 'Label'
  | 'User'
  | 'Workspace'
  | 'Session'
  | 'ServiceAccount'
  | 'Invitation'
  | 'ApiKey'
  | 'InvitationToken'

export interface TenantOperation {
  readonly asker: Tenant
  readonly kind: string
  /** Of the request. */
  readonly body: string
  /** Learns from the answer; true when it was one with something of the asker's in it. */
  readonly take: (text: string) => boolean
}

type Random = () => number

interface Form {
  readonly query: string
  readonly variables: (make: Make) => Record<string, unknown>
  /** Types of the ids in `data`, in the order of `id` in the text. */
  readonly learns?: IdType
}

/** What variables are made of: objects of anybody, texts of the asker. */
interface Make {
  readonly id: (type: IdType) => string
  readonly own: (type: IdType) => string
  readonly text: () => string
  readonly key: () => string
  readonly word: () => string
  readonly cursor: () => string | null
  readonly chance: () => number
  /** Of anybody's workspace. */
  readonly slug: () => string
}

const errors = 'errors { code message }'
const task =
  'id title creator { id } project { id name workspace { id } } labels { id name } assignees { id } comments(first: 3) { nodes { id body } }'

const forms: Readonly<Record<string, readonly Form[]>> = {
  createProject: [
    {
      query: `mutation ($key: String!, $name: String!, $idem: String) { createProject(input: { key: $key, name: $name }, idempotencyKey: $idem) { project { id name } ${errors} } }`,
      variables: ({ key, text, word }) => ({ key: word(), name: text(), idem: key() }),
      learns: 'Project',
    },
  ],
  createLabel: [
    {
      query: `mutation ($name: String!, $idem: String) { createLabel(input: { name: $name, colour: "#112233" }, idempotencyKey: $idem) { label { id name } ${errors} } }`,
      variables: ({ key, text, word }) => ({ name: `${text()} ${word()}`, idem: key() }),
      learns: 'Label',
    },
  ],
  createTask: [
    {
      query: `mutation ($project: ID!, $title: String!, $label: ID!, $user: ID!, $idem: String) { createTask(input: { projectId: $project, title: $title, labelIds: [$label], assigneeIds: [$user] }, idempotencyKey: $idem) { task { id title } ${errors} } }`,
      variables: ({ id, key, text, chance }) => ({
        project: id('Project'),
        title: text(),
        label: id('Label'),
        user: id(chance() < 0.5 ? 'User' : 'ServiceAccount'),
        idem: key(),
      }),
      learns: 'Task',
    },
    {
      query: `mutation ($project: ID!, $title: String!, $idem: String) { createTask(input: { projectId: $project, title: $title }, idempotencyKey: $idem) { task { id title } ${errors} } }`,
      variables: ({ own, key, text }) => ({ project: own('Project'), title: text(), idem: key() }),
      learns: 'Task',
    },
  ],
  addComment: [
    {
      query: `mutation ($task: ID!, $body: String!, $idem: String) { addComment(input: { taskId: $task, body: $body }, idempotencyKey: $idem) { comment { id body } ${errors} } }`,
      variables: ({ id, key, text }) => ({ task: id('Task'), body: text(), idem: key() }),
      learns: 'Comment',
    },
  ],
  updateTask: [
    {
      query: `mutation ($task: ID!, $title: String!) { updateTask(input: { id: $task, title: $title }) { task { title } ${errors} } }`,
      variables: ({ id, text }) => ({ task: id('Task'), title: text() }),
    },
  ],
  change: [
    {
      query: `mutation ($task: ID!, $other: ID!) { completeTask(id: $task) { task { title } ${errors} } addTaskDependency(taskId: $task, blockedById: $other) { task { title blockedBy { title } } ${errors} } }`,
      variables: ({ own, id }) => ({ task: own('Task'), other: id('Task') }),
    },
    {
      query: `mutation ($project: ID!, $name: String!) { updateProject(input: { id: $project, name: $name }) { project { name } ${errors} } }`,
      variables: ({ id, text }) => ({ project: id('Project'), name: text() }),
    },
    {
      query: `mutation ($user: ID!, $session: ID!) { changeMemberRole(userId: $user, role: OWNER) { member { user { email } } ${errors} } endSession(id: $session) { endedCount ${errors} } revokeApiKey(id: $session) { ${errors} } }`,
      variables: ({ id }) => ({ user: id('User'), session: 'session_01m8c98xr30zfhp88x5qqbegn3' }),
    },
  ],
  createAccount: [
    {
      query: `mutation ($name: String!) { createServiceAccount(input: { name: $name }) { serviceAccount { id displayName } ${errors} } }`,
      variables: ({ text }) => ({ name: text() }),
      learns: 'ServiceAccount',
    },
  ],
  invite: [
    {
      query: `mutation ($email: String!) { createInvitation(input: { email: $email }) { token invitation { id email } ${errors} } }`,
      variables: ({ text }) => ({ email: `${text().replace(' ', '-')}@ennead.example` }),
      learns: 'Invitation',
    },
  ],
  signIn: [
    {
      query: `mutation ($token: String!, $link: ID!) { acceptInvitation(input: { token: $token }) { viewer { workspace { name } } ${errors} } unlinkSignIn(id: $link) { linkedSignIn { issuer } ${errors} } }`,
      variables: ({ id }) => ({ token: id('InvitationToken'), link: id('User') }),
    },
    {
      query: `mutation ($redirect: String!, $workspace: String!, $token: String!) { startSignIn(input: { provider: "idp", redirectUri: $redirect, workspace: $workspace, invitation: $token }) { authorizationUrl ${errors} } }`,
      variables: ({ id, slug }) => ({
        redirect: redirectUri,
        workspace: slug(),
        token: id('InvitationToken'),
      }),
    },
  ],
  createKey: [
    {
      query: `mutation ($name: String!, $account: ID) { createApiKey(input: { name: $name, serviceAccountId: $account }) { apiKey { id name } ${errors} } }`,
      variables: ({ text, id }) => ({ name: text(), account: id('ServiceAccount') }),
      learns: 'ApiKey',
    },
  ],
  changeAccount: [
    {
      query: `mutation ($account: ID!, $name: String!, $project: ID!, $user: ID!, $invitation: ID!, $key: ID!) { updateServiceAccount(input: { id: $account, name: $name }) { serviceAccount { displayName apiKeys { name } } ${errors} } a: setProjectRole(input: { actorId: $account, projectId: $project, role: MEMBER }) { projectRoles { role project { name } } ${errors} } b: setProjectRole(input: { actorId: $user, projectId: $project, role: ADMIN }) { projectRoles { role project { name } } ${errors} } revokeInvitation(id: $invitation) { invitation { email invitedBy { displayName } } ${errors} } revokeApiKey(id: $key) { apiKey { name } ${errors} } }`,
      variables: ({ id, text }) => ({
        account: id('ServiceAccount'),
        name: text(),
        project: id('Project'),
        user: id('User'),
        invitation: id('Invitation'),
        key: id('ApiKey'),
      }),
    },
  ],
  read: [
    {
      query: `query ($account: ID!, $ids: [ID!]!) { node(id: $account) { __typename id ... on ServiceAccount { displayName role apiKeys { id name } projectRoles { role project { name } } } } nodes(ids: $ids) { __typename id } viewer { workspace { serviceAccounts { id displayName apiKeys { id name } projectRoles { role project { name } } } invitations { id email } } apiKeys { id name lastUsedAt } } }`,
      variables: ({ id }) => ({
        account: id('ServiceAccount'),
        ids: [id('Invitation'), id('ApiKey'), id('ServiceAccount')],
      }),
    },
    {
      query: `query ($task: ID!, $project: ID!, $user: ID!, $ids: [ID!]!) { task(id: $task) { ${task} } project(id: $project) { id name } user(id: $user) { email } node(id: $task) { __typename id } nodes(ids: $ids) { __typename id ... on Task { title } ... on Project { name } } }`,
      variables: ({ id }) => ({
        task: id('Task'),
        project: id('Project'),
        user: id('User'),
        ids: [id('Task'), id('Project'), id('User'), id('Workspace'), id('Comment'), id('Label')],
      }),
    },
  ],
  list: [
    {
      query: `query ($after: String, $project: [ID!]) { tasks(first: 20, after: $after, filter: { projectId: $project }) { nodes { ${task} } edges { cursor } totalCount } projects(first: 20) { nodes { id name } } viewer { actor { id } workspace { id members(first: 5) { nodes { user { id email } } } } } }`,
      variables: ({ id, cursor }) => ({ after: cursor(), project: [id('Project'), id('Project')] }),
    },
    {
      query: `query ($after: String) { tasks(first: 20, after: $after) { nodes { ${task} } edges { cursor } totalCount } viewer { actor { id } workspace { id labels { id name } } } }`,
      variables: ({ cursor }) => ({ after: cursor() }),
    },
  ],
  search: [
    {
      query:
        'query ($text: String!) { searchTasks(query: $text) { edges { node { id title } highlights } } }',
      variables: () => ({ text: 'secret' }),
    },
  ],
}

const kinds = Object.keys(forms)

/** An operation of one of the tenants, about objects of any of them. */
export function randomTenantOperation(tenants: readonly Tenant[], random: Random): TenantOperation {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const asker = pick(tenants) ?? fail()
  const ofOne = (tenant: Tenant, type: IdType): string =>
    pick(tenant.ids.get(type) ?? []) ?? `${type.toLowerCase()}_00000000000000000000000000`
  const make: Make = {
    id: type => ofOne(random() < 0.5 ? asker : (pick(tenants) ?? asker), type),
    own: type => ofOne(asker, type),
    text: () => `${asker.marker} ${Math.floor(random() * 1e6)}`,
    // Few, so that tenants use the same.
    key: () => `key-${Math.floor(random() * 200)}`,
    word: () => `K${Math.floor(random() * 1e6)}`,
    chance: random,
    slug: () => (pick(tenants) ?? asker).name,
    cursor: () => (random() < 0.5 ? null : (pick((pick(tenants) ?? asker).cursors) ?? null)),
  }
  const kind = pick(kinds) ?? fail()
  const { query, variables, learns } = pick(forms[kind] ?? []) ?? fail()
  const body = JSON.stringify({ query, variables: variables(make) })
  return { asker, kind, body, take: text => learn(asker, text, learns) }
}

function learn(tenant: Tenant, text: string, type: IdType | undefined): boolean {
  const note = (kind: IdType, id: string): void => {
    const known = tenant.ids.get(kind) ?? []
    if (!known.includes(id)) tenant.ids.set(kind, [...known, id].slice(-200))
  }
  if (!text.includes(tenant.marker)) return false
  const { data } = JSON.parse(text) as { readonly data: unknown }
  const answer = JSON.stringify(data)
  if (type !== undefined) {
    const id = /"id":"([^"]+)"/.exec(answer)?.[1]
    if (id !== undefined) note(type, id)
  }
  for (const [, id = ''] of answer.matchAll(/"id":"((?:user|workspace)_[^"]+)"/g))
    note(id.startsWith('user_') ? 'User' : 'Workspace', id)
  for (const [, token = ''] of answer.matchAll(/"token":"([^"]+)"/g)) note('InvitationToken', token)
  for (const [, cursor = ''] of answer.matchAll(/"cursor":"([^"]+)"/g)) tenant.cursors.push(cursor)
  tenant.cursors.splice(0, Math.max(0, tenant.cursors.length - 50))
  return true
}

function fail(): never {
  throw new Error('there is nothing to choose from')
}
