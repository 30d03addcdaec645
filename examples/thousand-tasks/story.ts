import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { followCreatedEvents } from './follow-events.ts'
import type { GraphQLClient, Payload } from './graphql-client.ts'

const pageSize = 100
const concurrency = 8
const eventsWaitMs = 30_000

export interface StoryOptions {
  readonly url: string
  readonly email: string
  readonly password: string
  /** How many tasks to create. */
  readonly tasks: number
  /** Called after about a third and two thirds of the tasks, e.g. to break something. */
  readonly interrupt?: (created: number) => Promise<void>
}

/** What the story left behind, to be found again after a restart. */
export interface StoryResult {
  readonly projectId: string
  readonly viewerName: string
  readonly taskIds: ReadonlySet<string>
  readonly events: number
  readonly retries: number
}

interface TaskPayload extends Payload {
  readonly task: { readonly id: string; readonly version: number } | null
  readonly replayed: boolean
}

interface Page {
  readonly nodes: readonly { readonly id: string; readonly number: number }[]
  readonly totalCount: number
  readonly pageInfo: {
    readonly hasNextPage: boolean
    readonly hasPreviousPage: boolean
    readonly startCursor: string | null
    readonly endCursor: string | null
  }
}

/** Signs in, creates tasks while following their events, reads them back in every way, and checks each answer. */
export async function tellStory(client: GraphQLClient, options: StoryOptions): Promise<StoryResult> {
  const viewer = await signIn(client, options)
  const projectId = await createProject(client)
  const followed = followCreatedEvents(options.url, () => client.token ?? '', projectId)
  try {
    await followed.started
    await delay(500) // The socket is open; give the subscription on it time to begin.
    const taskIds = await createTasks(client, options, projectId, viewer.actor.id)
    await checkPages(client, projectId, taskIds)
    await checkFilters(client, projectId, options.tasks)
    await checkVersions(client, [...taskIds][0] ?? '')
    await checkIdempotency(client, projectId, taskIds)
    await Promise.race([followed.reached(options.tasks + 1), delay(eventsWaitMs, undefined, { ref: false })])
    const seen = followed.events.map(event => event.task.id)
    expectEqual(seen.length, options.tasks + 1, 'CREATED events')
    expectEqual(new Set(seen).size, seen.length, 'distinct tasks among the events')
    expectEqual(
      followed.events.filter(event => event.task.assignees[0]?.displayName === viewer.actor.displayName)
        .length,
      options.tasks + 1,
      'events whose assignee has a name',
    )
    return {
      projectId,
      viewerName: viewer.actor.displayName,
      taskIds: new Set(seen),
      events: seen.length,
      retries: client.retries,
    }
  } finally {
    await followed.stop()
  }
}

interface Viewer {
  readonly actor: { readonly id: string; readonly displayName: string }
}

export async function signIn(
  client: GraphQLClient,
  options: Pick<StoryOptions, 'email' | 'password'>,
): Promise<Viewer> {
  const signedIn = await client.write<Payload & { accessToken: string | null; viewer: Viewer | null }>(
    `mutation SignIn($input: SignInInput!) {
      signIn(input: $input) { accessToken viewer { actor { id displayName } } errors { code message } }
    }`,
    { input: { email: options.email, password: options.password } },
  )
  if (signedIn.accessToken === null || signedIn.viewer === null) {
    throw new Error(`sign-in refused: ${JSON.stringify(signedIn.errors)}`)
  }
  client.token = signedIn.accessToken
  return signedIn.viewer
}

async function createProject(client: GraphQLClient): Promise<string> {
  const key = `P${randomUUID().replaceAll('-', '').slice(0, 7).toUpperCase()}`
  const created = await client.write<Payload & { project: { id: string } | null }>(
    `mutation Project($input: CreateProjectInput!, $key: String!) {
      createProject(input: $input, idempotencyKey: $key) { project { id } errors { code message } }
    }`,
    { input: { key, name: 'A thousand tasks' }, key: randomUUID() },
  )
  if (created.project === null) throw new Error(JSON.stringify(created.errors))
  return created.project.id
}

const createTask = `mutation Create($input: CreateTaskInput!, $key: String!) {
  createTask(input: $input, idempotencyKey: $key) { task { id version } replayed errors { code message } }
}`

function taskInput(projectId: string, index: number, assigneeId: string): Record<string, unknown> {
  const priority = index % 10 === 0 ? 'URGENT' : 'LOW'
  return { projectId, title: `Task ${index} of many`, priority, assigneeIds: [assigneeId] }
}

async function createTasks(
  client: GraphQLClient,
  options: StoryOptions,
  projectId: string,
  assigneeId: string,
): Promise<Set<string>> {
  const ids = new Set<string>()
  const interruptAt = new Set([Math.floor(options.tasks / 3), Math.floor((options.tasks * 2) / 3)])
  let next = 0
  const work = async (): Promise<void> => {
    while (next < options.tasks) {
      const index = next++
      if (interruptAt.has(index)) await options.interrupt?.(index)
      const payload = await client.write<TaskPayload>(createTask, {
        input: taskInput(projectId, index, assigneeId),
        key: `${projectId}-${index}`,
      })
      if (payload.task === null) throw new Error(JSON.stringify(payload.errors))
      ids.add(payload.task.id)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  expectEqual(ids.size, options.tasks, 'tasks created')
  return ids
}

const pageDocument = `query Page($projectId: ID!, $first: Int, $after: String, $last: Int, $before: String, $filter: TaskFilter) {
  project(id: $projectId) {
    tasks(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      nodes { id number }
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}`

async function page(client: GraphQLClient, variables: Readonly<Record<string, unknown>>): Promise<Page> {
  return (await client.run<{ project: { tasks: Page } }>(pageDocument, variables)).project.tasks
}

/** All task ids of a project, by pages from the front. */
export async function listAll(client: GraphQLClient, projectId: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let after: string | null = null; ;) {
    const found: Page = await page(client, { projectId, first: pageSize, after })
    ids.push(...found.nodes.map(node => node.id))
    if (!found.pageInfo.hasNextPage) return ids
    after = found.pageInfo.endCursor
  }
}

async function checkPages(
  client: GraphQLClient,
  projectId: string,
  created: ReadonlySet<string>,
): Promise<void> {
  const forwards = await listAll(client, projectId)
  const backwards: string[] = []
  for (let before: string | null = null; ;) {
    const found: Page = await page(client, { projectId, last: pageSize, before })
    backwards.unshift(...found.nodes.map(node => node.id))
    if (!found.pageInfo.hasPreviousPage) break
    before = found.pageInfo.startCursor
  }
  expectEqual(forwards.length, created.size, 'tasks listed forwards')
  expectEqual(backwards.join(), forwards.join(), 'the order backwards')
  expectEqual(new Set(forwards).union(created).size, created.size, 'tasks listed or created')
}

async function checkFilters(client: GraphQLClient, projectId: string, tasks: number): Promise<void> {
  const urgent = await page(client, { projectId, first: 1, filter: { priority: ['URGENT'] } })
  expectEqual(urgent.totalCount, Math.ceil(tasks / 10), 'urgent tasks')
  const neither = await page(client, {
    projectId,
    first: 1,
    filter: { and: [{ priority: ['URGENT'] }, { not: { priority: ['URGENT'] } }] },
  })
  expectEqual(neither.totalCount, 0, 'tasks urgent and not urgent')
  const { searchTasks } = await client.run<{
    searchTasks: { edges: readonly { node: { title: string } }[] }
  }>(
    `query Search($filter: TaskFilter) {
      searchTasks(query: "task 7 many", first: 5, filter: $filter) { edges { node { title } } }
    }`,
    { filter: { projectId: [projectId] } },
  )
  expectEqual(searchTasks.edges[0]?.node.title, 'Task 7 of many', 'the best match')
}

async function checkVersions(client: GraphQLClient, id: string): Promise<void> {
  const update = (title: string, expectedVersion: number): Promise<TaskPayload> =>
    client.write(
      `mutation Update($input: UpdateTaskInput!, $key: String!) {
        updateTask(input: $input, idempotencyKey: $key) { task { id version } replayed errors { code message } }
      }`,
      { input: { id, title, expectedVersion }, key: randomUUID() },
    )
  expectEqual((await update('Renamed', 1)).task?.version, 2, 'the version after an update')
  const stale = await update('Renamed again', 1)
  expectEqual(stale.errors[0]?.code, 'VERSION_MISMATCH', 'the refusal of a stale version')
  expectEqual(stale.task?.version, 2, 'the current version beside it')
}

async function checkIdempotency(
  client: GraphQLClient,
  projectId: string,
  created: ReadonlySet<string>,
): Promise<void> {
  const viewer = await client.run<{ viewer: { actor: { id: string } } }>('{ viewer { actor { id } } }')
  const variables = { input: taskInput(projectId, created.size, viewer.viewer.actor.id), key: randomUUID() }
  const first = await client.write<TaskPayload>(createTask, variables)
  const again = await client.write<TaskPayload>(createTask, variables)
  expectEqual(again.replayed, true, 'replayed at the second time')
  expectEqual(again.task?.id, first.task?.id, 'the task of the second answer')
  const other = { ...variables, input: { ...variables.input, title: 'Another body' } }
  const conflict = await client.write<TaskPayload>(createTask, other)
  expectEqual(conflict.errors[0]?.code, 'IDEMPOTENCY_CONFLICT', 'the same key with another body')
}

function expectEqual(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Error(`${what}: expected ${String(wanted)}, found ${String(found)}`)
}
