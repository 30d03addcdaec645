import { type MongoAbility, type RawRuleOf, createMongoAbility, subject } from '@casl/ability'
import { packRules } from '@casl/ability/extra'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CursorCodec } from '../../events/cursor.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import type { SubgraphAnswer } from '../../subgraphs/service/subgraph-service.ts'
import { member } from '../service/fixture.ts'
import { cursorKey, littleApi, otherWorkspaceId, workspaceId } from './little-api.ts'
import type { LittleApi } from './little-api.ts'

/** A task with what rules can ask of it; its creator is not in events. */
interface KnownTask {
  readonly id: string
  readonly workspaceId: string
  readonly projectId: string
  readonly creatorId: string
}

const people = [newGlobalId('User'), newGlobalId('User')]
const projects = [newGlobalId('Project'), newGlobalId('Project'), newGlobalId('Project')]
const tasks: readonly KnownTask[] = Array.from({ length: 12 }, (_, index) => ({
  id: newGlobalId('Task'),
  workspaceId: index % 6 === 5 ? otherWorkspaceId : workspaceId,
  projectId: projects[index % 3] ?? '',
  creatorId: people[(index >> 1) % 2] ?? '',
}))
/** Whoever reads may read it, so that the end of what they are shown is known. */
const last: KnownTask = {
  id: newGlobalId('Task'),
  workspaceId,
  projectId: newGlobalId('Project'),
  creatorId: newGlobalId('User'),
}

const conditions = fc.oneof(
  fc.constant(undefined),
  fc.subarray(people).map($in => ({ creatorId: { $in } })),
  fc.subarray(projects).map($in => ({ projectId: { $in } })),
  fc.subarray(tasks.map(({ id }) => id)).map($in => ({ id: { $in } })),
  fc.record({ creatorId: fc.constantFrom(...people), projectId: fc.constantFrom(...projects) }),
  fc.record({ creatorId: fc.constantFrom(...people).map($ne => ({ $ne })) }),
  fc.record({ $or: fc.constantFrom(...people).map(creatorId => [{ creatorId }, { projectId: 'none' }]) }),
)
const rules = fc.array(
  fc.record({
    action: fc.constantFrom('read', 'read', 'manage'),
    subject: fc.constantFrom('Task', 'Task', 'all', 'Project'),
    inverted: fc.boolean(),
    conditions,
  }),
  { minLength: 1, maxLength: 5 },
)

/** Of which tasks events are shown, up to the last one. */
async function shownTasks(api: LittleApi, stream: AsyncIterator<SubgraphAnswer>): Promise<readonly string[]> {
  const shown: string[] = []
  for (;;) {
    // The subscription asks for the task; an answer without it fails the test by itself.
    const { data } = (await stream.next()).value as {
      readonly data: { taskEvents: { task: { id: string } } }
    }
    shown.push(data.taskEvents.task.id)
    if (shown.at(-1) === last.id) return shown
    if (shown.length > api.log.entries.length) throw new Error('an event came twice')
  }
}

test('no event comes of a task that can("read") refuses, and all come of those it allows by what events tell', async () => {
  await using api = await littleApi()
  for (const task of [...tasks, ...tasks, last])
    api.log.append({ workspaceId: task.workspaceId, projectId: task.projectId, taskId: task.id })
  const after = new CursorCodec(cursorKey).encode({ epoch: api.log.epoch, seq: 0 }, workspaceId)
  const query = 'subscription ($after: String) { taskEvents(after: $after) { task { id } } }'
  let shown = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(rules, async random => {
      const own = { action: 'read', subject: 'Task', conditions: { id: last.id } }
      const all = [...random, own] as RawRuleOf<MongoAbility>[]
      const ability = createMongoAbility(all)
      const stream = api.follow(query, { after }, member(['tasks:read'], { rules: packRules(all) }))
      const seen = await shownTasks(api, stream)
      await stream.return?.()
      for (const task of tasks) {
        const times = seen.filter(id => id === task.id).length
        const allowed = task.workspaceId === workspaceId && ability.can('read', subject('Task', { ...task }))
        if (allowed) shown += times
        else refused++
        if (!allowed) expect([task, times]).toEqual([task, 0])
        const told = !JSON.stringify(random).includes('creatorId')
        if (allowed && told) expect([task, times]).toEqual([task, 2])
      }
    }),
    { numRuns: 80 },
  )
  // Had nothing been shown, or nothing refused, nothing would have been tested.
  expect(shown).toBeGreaterThan(100)
  expect(refused).toBeGreaterThan(100)
})
