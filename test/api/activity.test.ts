import { expect, test } from 'vitest'
import { newGlobalId } from '../../kernel/global-id.ts'
import { member } from '../service/fixture.ts'
import { codeOf, littleApi, otherWorkspaceId, workspaceId } from './little-api.ts'

const query = `query ($task: [_Any!]!, $first: Int, $after: String) {
  _entities(representations: $task) {
    ... on Task {
      activity(first: $first, after: $after) {
        nodes { id kind at changed actor { id } task { id } }
        edges { cursor node { id cursor } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
  }
}`

interface Activity {
  readonly nodes: readonly { readonly id: string; readonly kind: string }[]
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly cursor: string } }[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
}

/** The activity in an answer to `query`. */
function activityOf(data: unknown): Activity {
  // The query asks for exactly this.
  return (data as { _entities: [{ activity: Activity }] })._entities[0].activity
}

test("a task's activity is its events, newest first, page by page", async () => {
  await using api = await littleApi()
  const taskId = newGlobalId('Task')
  const task = [{ __typename: 'Task', id: taskId }]
  const entries = Array.from({ length: 5 }, () => api.log.append({ workspaceId, taskId }))
  api.log.append({ workspaceId })
  const first = activityOf((await api.ask(query, { task, first: 2 })).data)
  expect(first.nodes.map(node => node.id)).toEqual([entries[4]?.id, entries[3]?.id])
  expect(first.pageInfo).toMatchObject({ hasNextPage: true, endCursor: first.edges[1]?.node.cursor })
  const second = activityOf((await api.ask(query, { task, first: 3, after: first.pageInfo.endCursor })).data)
  expect(second.nodes.map(node => node.id)).toEqual([entries[2]?.id, entries[1]?.id, entries[0]?.id])
  expect(second.pageInfo.hasNextPage).toBe(false)
})

test('an event tells who did what to which task, and when', async () => {
  await using api = await littleApi()
  const entry = api.log.append({ workspaceId, kind: 'ASSIGNED', changed: ['assigneeIds'] })
  const answer = await api.ask(query, { task: [{ __typename: 'Task', id: entry.taskId }], first: 1 })
  expect(activityOf(answer.data).nodes).toEqual([
    {
      id: entry.id,
      kind: 'ASSIGNED',
      at: '2026-11-21T09:00:00.000Z',
      changed: ['assigneeIds'],
      actor: { id: entry.actorId },
      task: { id: entry.taskId },
    },
  ])
})

test("another workspace's events never appear, and its cursors are no use", async () => {
  await using api = await littleApi()
  const task = [{ __typename: 'Task', id: 'task_0000000000000000000000000a' }]
  api.log.append({ workspaceId: otherWorkspaceId })
  const mine = activityOf((await api.ask(query, { task, first: 10 })).data)
  expect(mine.nodes).toEqual([])
  const theirs = await api.ask(
    query,
    { task, first: 1 },
    member(['tasks:read'], { workspaceId: otherWorkspaceId }),
  )
  const cursor = activityOf(theirs.data).edges[0]?.cursor
  expect(cursor).toMatch(/^[\w-]{30,}$/)
  expect(codeOf(await api.ask(query, { task, first: 1, after: cursor }))).toBe('CURSOR_INVALID')
})

test('page sizes outside 1 to 100 and made-up cursors are refused', async () => {
  await using api = await littleApi()
  const task = [{ __typename: 'Task', id: newGlobalId('Task') }]
  for (const first of [0, -1, 101]) {
    expect(codeOf(await api.ask(query, { task, first }))).toBe('BAD_USER_INPUT')
  }
  expect(codeOf(await api.ask(query, { task, first: 1, after: 'life-1:0' }))).toBe('CURSOR_INVALID')
})
