import { packRules } from '@casl/ability/extra'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActorPrincipal } from '../../../kernel/principal.ts'
import { Viewer, type VisibleRecord, idKinds } from '../../../subgraphs/db/viewer.ts'
import { type TestDb, createTask, newProject, openTestDb, principalOf } from './fixture.ts'

/** What two people have made in one workspace, each thing connected with others. */
interface World {
  readonly people: readonly ActorPrincipal[]
  readonly projects: readonly string[]
  readonly tasks: readonly string[]
  readonly labelId: string
  readonly records: ReadonlyMap<string, VisibleRecord>
}

async function makeWorld(db: TestDb): Promise<World> {
  const people = [principalOf(db.workspaceId), principalOf(db.workspaceId)]
  const [ann, bob] = people
  const projects = [await newProject(db, 'ONE', ann), await newProject(db, 'TWO', bob)]
  const label = 'mutation { createLabel(input: { name: "urgent", colour: "#ff0000" }) { label { id } } }'
  const labelId: string = (await db.run(label, {}, ann)).createLabel.label.id
  const tasks: string[] = []
  for (let index = 0; index < 10; index++) {
    // The second half are subtasks of the first, each in the project of its parent.
    const parent = index < 5 ? {} : { parentId: tasks[index - 5] }
    const assigneeIds = [people[index % 2]?.actorId]
    const input = { title: `zebra ${index}`, labelIds: [labelId], assigneeIds, ...parent }
    const projectId = projects[index % 5 < 3 ? 0 : 1] ?? ''
    const { task } = await createTask(db, projectId, input, undefined, people[(index >> 1) % 2])
    tasks.push(task.id)
    const comment = `mutation { addComment(input: { taskId: "${task.id}", body: "b" }) { comment { id } } }`
    await db.run(comment, {}, people[index % 2])
    if (index === 0) continue
    const blocked = `taskId: "${task.id}", blockedById: "${tasks[index - 1]}"`
    await db.run(`mutation { addTaskDependency(${blocked}) { errors { message } } }`, {}, ann)
  }
  const records = new Map<string, VisibleRecord>()
  for (const store of Object.values(db.stores))
    for (const record of store.records.values())
      if (record.kind in idKinds && (records.get(record.id)?.version ?? 0) < record.version)
        records.set(record.id, record as VisibleRecord) // Of the kinds that clients see, as was just looked at.
  return { people, projects, tasks, labelId, records }
}

const id = '__typename id'
const taskFields = `${id} project { ${id} } parent { ${id} } subtasks(first: 50) { nodes { ${id} } } blockedBy { ${id} } blocks { ${id} }
  labels { ${id} } comments(first: 50) { nodes { ${id} task { ${id} } } } creator { createdTasks(first: 50) { nodes { ${id} } } }
  assignees(first: 10) { assignedTasks(first: 50) { nodes { ${id} } } }`
const everyWay = `query ($task: ID!, $project: ID!, $of: [_Any!]!) {
  task(id: $task) { ${taskFields} }
  one: taskByNumber(projectKey: "ONE", number: 1) { ${taskFields} }
  two: taskByNumber(projectKey: "TWO", number: 2) { ${taskFields} }
  tasks(first: 50) { nodes { ${taskFields} } edges { node { ${id} } } }
  filtered: tasks(first: 50, filter: { projectId: [$project] }) { nodes { ${id} } }
  project(id: $project) { ${id} tasks(first: 50) { nodes { ${taskFields} } } }
  byKey: project(key: "TWO") { ${id} tasks(first: 50) { nodes { ${id} } } }
  projects(first: 50) { nodes { ${id} tasks(first: 50) { nodes { ${id} } } } }
  searchTasks(query: "zebra", first: 50) { edges { node { ${taskFields} } } }
  _entities(representations: $of) { __typename ... on Task { ${taskFields} } ... on Project { ${id} } ... on Label { ${id} }
    ... on Comment { ${id} task { ${id} } } ... on Actor { createdTasks(first: 50) { nodes { ${id} } } } ... on Workspace { labels { ${id} } } }
}`
const everyChange = `mutation ($task: ID!, $other: ID!, $project: ID!) {
  updateTask(input: { id: $task, estimateMinutes: 5 }) { task { ${id} parent { ${id} } blockedBy { ${id} } } errors { code } }
  addTaskDependency(taskId: $other, blockedById: $task) { task { ${id} blockedBy { ${id} } } errors { code } }
  addComment(input: { taskId: $task, body: "again" }) { comment { task { ${id} } } errors { code } }
  updateProject(input: { id: $project, archived: false }) { project { ${id} tasks(first: 50) { nodes { ${id} } } } errors { code } }
}`

/** Objects that an answer shows, wherever they stand. */
function shownIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(shownIn)
  if (typeof value !== 'object' || value === null) return []
  const own = 'id' in value && typeof value.id === 'string' ? [value.id] : []
  return [...own, ...Object.values(value).flatMap(shownIn)]
}

const conditionsOf = ({ people, projects, tasks }: World): fc.Arbitrary<object | undefined> => {
  const some = (values: readonly string[]): fc.Arbitrary<string[]> => fc.subarray([...values])
  const actors = people.map(({ actorId }) => actorId)
  return fc.oneof(
    fc.constant(undefined),
    some(actors).map($in => ({ creatorId: { $in } })),
    some(projects).map($in => ({ projectId: { $in } })),
    some(tasks).map($in => ({ id: { $in } })),
    some(projects).map($in => ({ id: { $in } })),
    some(tasks).map($in => ({ taskId: { $in } })),
  )
}

test('no way leads to an object that can("read") refuses, and lists show all that it allows', async () => {
  await using db = await openTestDb()
  const world = await makeWorld(db)
  const { tasks, projects, labelId, people, records } = world
  const rule = fc.record({
    action: fc.constantFrom('read', 'read', 'manage'),
    subject: fc.constantFrom('Task', 'Task', 'Project', 'Comment', 'Label', 'all'),
    inverted: fc.boolean(),
    conditions: conditionsOf(world),
  })
  const writing = { action: ['update', 'assign', 'comment'], subject: ['Task', 'Project'] }
  const comments = [...records.values()].filter(({ kind }) => kind === 'comment').map(one => one.id)
  const of = [
    ...tasks.map(one => ({ __typename: 'Task', id: one })),
    ...projects.map(one => ({ __typename: 'Project', id: one })),
    ...comments.map(one => ({ __typename: 'Comment', id: one })),
    { __typename: 'Label', id: labelId },
    { __typename: 'Workspace', id: db.workspaceId },
    ...people.map(({ actorId }) => ({ __typename: 'Actor', id: actorId })),
  ]
  const everything = { action: 'read', subject: 'all', inverted: false, conditions: undefined } as const
  const [first = '', second = ''] = tasks
  const place: [string, string, string] = [first, second, projects[0] ?? '']
  let shown = 0
  let refused = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(rule, { minLength: 1, maxLength: 5 }),
      fc.constantFrom(...tasks),
      fc.constantFrom(...tasks),
      fc.constantFrom(...projects),
      async (rules, task, other, project) => {
        const principal = { ...principalOf(db.workspaceId), rules: packRules([...rules, writing]) }
        const viewer = new Viewer(principal)
        const read = await db.answer(everyWay, { task, project, of }, principal)
        const change = await db.answer(everyChange, { task, other, project }, principal)
        for (const one of [...shownIn(read.data), ...shownIn(change.data)]) {
          const record = records.get(one)
          if (record === undefined) continue
          shown++
          expect([one, viewer.can('read', record)]).toEqual([one, true])
        }
        const listed = new Set(shownIn(read.data?.['filtered']))
        for (const record of records.values()) {
          const allowed = viewer.can('read', record)
          if (!allowed) refused++
          if (record.kind === 'task' && record.projectId === project && read.data?.['filtered'] !== undefined)
            expect([record.id, listed.has(record.id)]).toEqual([record.id, allowed])
        }
      },
    ),
    {
      numRuns: 100,
      examples: [
        [[everything], ...place],
        [[everything, { ...everything, inverted: true }], ...place],
      ],
    },
  )
  // Had nothing been shown, or nothing refused, nothing would have been tested; the examples alone see to both.
  expect(shown).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
})
