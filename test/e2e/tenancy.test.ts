import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../support/until.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

interface Answer {
  readonly data: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
}

const create = `mutation ($key: String!) { createProject(input: { key: "SAME", name: "Mine" }, idempotencyKey: $key) {
  project { id } replayed errors { code } } }`

test(
  'nothing of one workspace is found from another, by any id, list, cursor, key or subscription',
  { timeout: 120_000 },
  async () => {
    await using folder = await temporaryFolder()
    await using running = await startEnnead(['start', '--port', '0', '--data', folder.path, '--no-demo'])
    const signUp = async (name: string): Promise<string> => {
      const data = ['--data', folder.path]
      await runEnnead([
        'user',
        'add',
        '--email',
        `${name}@example.com`,
        '--workspace',
        name,
        '--role',
        'OWNER',
        ...data,
      ])
      return (await runEnnead(['token', '--user', `${name}@example.com`, ...data])).stdout.trim()
    }
    const run = async (
      token: string,
      query: string,
      variables: Record<string, unknown> = {},
    ): Promise<Answer> => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` }
      const response = await fetch(running.url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query, variables }),
      })
      return (await response.json()) as Answer // GraphQL's response format.
    }
    const follow = (token: string, variables: Record<string, unknown>): unknown[] => {
      const seen: unknown[] = []
      const client = createClient({
        url: running.url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${token}` },
        retryAttempts: 0,
      })
      const query = `subscription ($taskId: ID, $after: String) { taskEvents(taskId: $taskId, after: $after) { cursor task { id } } }`
      client.subscribe(
        { query, variables },
        { next: one => seen.push(one), error: one => seen.push(one), complete: () => seen.push('ended') },
      )
      return seen
    }
    const [ours, theirs] = [await signUp('ours'), await signUp('theirs')]

    // The same project key and the same idempotency key in two workspaces have nothing to do with each other.
    const made = await run(ours, create, { key: 'k' })
    expect(await run(theirs, create, { key: 'k' })).toMatchObject({
      data: { createProject: { replayed: false, errors: [] } },
    })
    const projectId = (made.data as { createProject: { project: { id: string } } }).createProject.project.id
    const seenByUs = follow(ours, {})
    const task = await run(
      ours,
      `mutation ($projectId: ID!) { createTask(input: { projectId: $projectId, title: "secret plan" }) { task { id creator { id } project { workspace { id } } } } }`,
      { projectId },
    )
    const created = (
      task.data as {
        createTask: { task: { id: string; creator: { id: string }; project: { workspace: { id: string } } } }
      }
    ).createTask.task
    const ids = {
      task: created.id,
      project: projectId,
      user: created.creator.id,
      workspace: created.project.workspace.id,
    }

    const found = await run(
      theirs,
      `query ($task: ID!, $project: ID!, $user: ID!, $workspace: ID!) {
      task(id: $task) { title }
      project(id: $project) { name }
      user(id: $user) { email }
      nodes(ids: [$task, $project, $user, $workspace]) { __typename id }
      tasks(first: 10, filter: { projectId: [$project] }) { totalCount }
      all: tasks(first: 10) { totalCount }
      searchTasks(query: "secret") { edges { node { id } } }
    }`,
      ids,
    )
    expect(found.errors).toBeUndefined()
    expect(found.data).toEqual({
      task: null,
      project: null,
      user: null,
      nodes: [null, null, null, null],
      tasks: { totalCount: 0 },
      all: { totalCount: 0 },
      searchTasks: { edges: [] },
    })
    const changed = await run(
      theirs,
      `mutation ($task: ID!, $project: ID!) {
      updateTask(input: { id: $task, title: "theirs" }) { task { id } errors { code } }
      deleteTask(id: $task) { deletedId errors { code } }
      addComment(input: { taskId: $task, body: "hello" }) { comment { id } errors { code } }
      createTask(input: { projectId: $project, title: "x" }) { task { id } errors { code } }
    }`,
      ids,
    )
    for (const payload of Object.values(changed.data ?? {}))
      expect(payload).toMatchObject({ errors: [{ code: 'NOT_FOUND' }] })

    await until('our event is here', async () => {
      if (seenByUs.length === 0)
        await run(
          ours,
          'mutation ($id: ID!) { completeTask(id: $id) { replayed } restoreTask(id: $id) { replayed } updateTask(input: { id: $id, status: TODO }) { replayed } }',
          { id: created.id },
        )
      return seenByUs.length > 0
    })
    const cursor = (seenByUs[0] as { data: { taskEvents: { cursor: string } } }).data.taskEvents.cursor
    const withTheirs = follow(theirs, { after: cursor })
    await until('a cursor of another workspace is refused', () => withTheirs.length > 0)
    expect(JSON.stringify(withTheirs)).toContain('CURSOR_INVALID')
    // Their own event comes behind ours in the log: when they have it, ours would have been there.
    const seenByThem = [follow(theirs, {}), follow(theirs, { taskId: created.id })]
    const own = await run(theirs, '{ project(key: "SAME") { id } }')
    const ownId = (own.data as { project: { id: string } }).project.id
    const comment =
      'mutation ($id: ID!) { addComment(input: { taskId: $id, body: "one more" }) { replayed } }'
    const write =
      'mutation ($id: ID!) { createTask(input: { projectId: $id, title: "theirs" }) { replayed } }'
    await until('they see an event of their own behind ours', async () => {
      await run(ours, comment, { id: created.id })
      await run(theirs, write, { id: ownId })
      return (seenByThem[0]?.length ?? 0) > 1
    })
    expect(JSON.stringify(seenByThem)).not.toContain(created.id)
    expect(seenByThem[1]).toEqual([])
  },
)
