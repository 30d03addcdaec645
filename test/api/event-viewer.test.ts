import { packRules } from '@casl/ability/extra'
import { expect, test } from 'vitest'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import { CursorCodec } from '../../events/cursor.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import type { SubgraphAnswer } from '../../subgraphs/service/subgraph-service.ts'
import { member } from '../service/fixture.ts'
import { codeOf, cursorKey, littleApi, workspaceId } from './little-api.ts'

const events = 'subscription ($after: String) { taskEvents(after: $after) { id } }'
const activity =
  'query ($task: [_Any!]!) { _entities(representations: $task) { ... on Task { activity(first: 9) { nodes { id } } } } }'

/** A member with these rules only. */
function ruledBy(...rules: Parameters<typeof packRules>[0]): ActorPrincipal {
  return member(['tasks:read'], { rules: packRules(rules) })
}

test('who may read no tasks is refused their events', async () => {
  await using api = await littleApi()
  const { taskId } = api.log.append({ workspaceId })
  const blind = ruledBy({ action: 'read', subject: 'Label', conditions: { workspaceId } })
  const stream = api.follow(events, {}, blind)
  expect(codeOf((await stream.next()).value)).toBe('FORBIDDEN')
  const task = [{ __typename: 'Task', id: taskId }]
  expect(codeOf(await api.ask(activity, { task }, blind))).toBe('FORBIDDEN')
})

test('of every event the viewer is asked for, only those of tasks they may read come', async () => {
  await using api = await littleApi()
  const [mine, theirs] = [newGlobalId('Project'), newGlobalId('Project')]
  const taskId = newGlobalId('Task')
  const seen = api.log.append({ workspaceId, projectId: mine, taskId })
  api.log.append({ workspaceId, projectId: theirs, taskId })
  const last = api.log.append({ workspaceId, projectId: mine, taskId })
  const viewer = ruledBy({ action: 'read', subject: 'Task', conditions: { workspaceId, projectId: mine } })
  const after = new CursorCodec(cursorKey).encode({ epoch: api.log.epoch, seq: 0 }, workspaceId)
  const stream = api.follow(events, { after }, viewer)
  const next = async (): Promise<string> => {
    // The subscription asks for the id of an event.
    const { data } = (await stream.next()).value as SubgraphAnswer & {
      readonly data: { readonly taskEvents: { readonly id: string } }
    }
    return data.taskEvents.id
  }
  expect([await next(), await next()]).toEqual([seen.id, last.id])
  await stream.return?.()
  const task = [{ __typename: 'Task', id: taskId }]
  expect((await api.ask(activity, { task }, viewer)).data).toEqual({
    _entities: [{ activity: { nodes: [{ id: last.id }, { id: seen.id }] } }],
  })
})

test('a rule about what an event does not tell lets nothing through', async () => {
  await using api = await littleApi()
  const entry = api.log.append({ workspaceId })
  const viewer = ruledBy({
    action: 'read',
    subject: 'Task',
    conditions: { workspaceId, creatorId: 'user_1' },
  })
  const task = [{ __typename: 'Task', id: entry.taskId }]
  expect((await api.ask(activity, { task }, viewer)).data).toEqual({
    _entities: [{ activity: { nodes: [] } }],
  })
})
