import { describe, expect, test } from 'vitest'
import { newGlobalId } from '../../../kernel/global-id.ts'
import {
  type Data,
  type TestDb,
  createTask,
  newProject,
  newTask,
  openTestDb,
  principalOf,
} from './fixture.ts'

const payload = `task {
  id version title description status completedAt deletedAt estimateMinutes dueAt priority
  assignees { id } labels { name } parent { id } blockedBy { id }
} errors { code message path }`

async function update(
  db: TestDb,
  input: Record<string, unknown>,
  principal = undefined as Data,
): Promise<Data> {
  const { updateTask } = await db.run(
    `mutation($input: UpdateTaskInput!) { updateTask(input: $input) { ${payload} } }`,
    { input },
    principal,
  )
  return updateTask
}

/** A mutation of a task whose arguments are ids. */
async function change(
  db: TestDb,
  name: string,
  ids: Record<string, string>,
  principal?: Data,
): Promise<Data> {
  const given = Object.keys(ids)
  const query = `mutation(${given.map(id => `$${id}: ID!`).join(', ')}) {
    ${name}(${given.map(id => `${id}: $${id}`).join(', ')}) { ${payload} }
  }`
  return (await db.run(query, ids, principal))[name]
}

async function label(db: TestDb, name: string, colour?: string): Promise<Data> {
  const input = colour === undefined ? { name } : { name, colour }
  const { createLabel } = await db.run(
    `mutation($input: CreateLabelInput!) { createLabel(input: $input) { label { id name colour } errors { code path } } }`,
    { input },
  )
  return createLabel
}

async function events(db: TestDb): Promise<readonly Data[]> {
  const { entries } = await db.domain.changes.read({ after: ':0', first: 1_000, waitMs: 0 })
  return entries
}

describe('projects', () => {
  test('a key is given once in a workspace, and again in another one', async () => {
    await using db = await openTestDb()
    const create = `mutation { createProject(input: {key: "ENN", name: "x"}) { project { key } errors { code path } } }`
    await db.run(create)
    const { createProject } = await db.run(create)
    expect(createProject).toEqual({ project: null, errors: [{ code: 'CONFLICT', path: ['input', 'key'] }] })
    const elsewhere = await db.run(create, {}, principalOf(newGlobalId('Workspace')))
    expect(elsewhere.createProject.errors).toEqual([])
  })

  test.each(['enn', '1A', 'ABCDEFGHIJK', '', 'Ä', 'A\n'])('the key %j is refused', async key => {
    await using db = await openTestDb()
    const { createProject } = await db.run(
      `mutation($key: String!) { createProject(input: {key: $key, name: "x"}) { errors { code path } } }`,
      { key },
    )
    expect(createProject.errors).toEqual([{ code: 'VALIDATION', path: ['input', 'key'] }])
  })

  test('an archived project takes no new tasks until it is brought back', async () => {
    await using db = await openTestDb()
    const id = await newProject(db)
    const archive = `mutation($id: ID!, $archived: Boolean!) {
      updateProject(input: {id: $id, archived: $archived}) { project { archived version } errors { code } }
    }`
    const { updateProject } = await db.run(archive, { id, archived: true })
    expect(updateProject.project).toEqual({ archived: true, version: 2 })
    expect((await createTask(db, id)).errors).toMatchObject([{ code: 'CONFLICT' }])
    await db.run(archive, { id, archived: false })
    expect((await createTask(db, id)).errors).toEqual([])
  })

  test('renaming to the same name makes no new version', async () => {
    await using db = await openTestDb()
    const id = await newProject(db)
    const { updateProject } = await db.run(
      `mutation($id: ID!) { updateProject(input: {id: $id, name: "A project", expectedVersion: 1}) { project { version } } }`,
      { id },
    )
    expect(updateProject.project.version).toBe(1)
  })
})

describe('labels', () => {
  test('a name is given once, in any case', async () => {
    await using db = await openTestDb()
    expect((await label(db, 'Bug')).label).toMatchObject({ name: 'Bug', colour: '#6e7781' })
    expect((await label(db, 'bUG')).errors).toEqual([{ code: 'CONFLICT', path: ['input', 'name'] }])
    expect((await label(db, 'red', 'red')).errors).toEqual([
      { code: 'VALIDATION', path: ['input', 'colour'] },
    ])
  })

  test('a workspace has at most 500 labels, also when they are created at once', async () => {
    await using db = await openTestDb()
    const made = await Promise.all(Array.from({ length: 505 }, (_, index) => label(db, `label ${index}`)))
    expect(made.filter(({ errors }) => errors.length === 0)).toHaveLength(500)
    expect(made.filter(({ errors }) => errors[0]?.code === 'CONFLICT')).toHaveLength(5)
  })
})

describe('creating a task', () => {
  test('tasks of a project are numbered from 1 in the order they are created', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const first = await createTask(db, project)
    const second = await createTask(db, project)
    expect([first.task.number, second.task.number]).toEqual([1, 2])
  })

  test('100 tasks created at once get the numbers 1 to 100, each once', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const made = await Promise.all(Array.from({ length: 100 }, () => createTask(db, project)))
    const numbers = made.map(({ task }) => task.number).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
    expect(new Set(db.stores.sql.entries.map(({ commit }) => commit.id)).size).toBe(101)
  })

  test.each([
    [{ title: '' }, 'title'],
    [{ title: '   ' }, 'title'],
    [{ title: 'x'.repeat(501) }, 'title'],
    [{ title: 'a\u0000b' }, 'title'],
    [{ title: 'a\u001b[31m' }, 'title'],
    [{ title: '\ud800' }, 'title'],
    [{ description: 'x'.repeat(50_001) }, 'description'],
    [{ estimateMinutes: -1 }, 'estimateMinutes'],
    [{ estimateMinutes: 1_000_001 }, 'estimateMinutes'],
    [{ assigneeIds: Array.from({ length: 51 }, () => newGlobalId('User')) }, 'assigneeIds'],
    [{ labelIds: Array.from({ length: 51 }, () => newGlobalId('Label')) }, 'labelIds'],
  ])('%# refuses a field that is not allowed, with its path', async (input, field) => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const { task, errors } = await createTask(db, project, input)
    expect(task).toBeNull()
    expect(errors).toMatchObject([{ code: 'VALIDATION', path: ['input', field] }])
  })

  test('a title of 500 characters outside the basic plane, tabs and newlines are allowed', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    expect((await createTask(db, project, { title: '😀'.repeat(500) })).errors).toEqual([])
    expect((await createTask(db, project, { description: 'a\tb\nc' })).errors).toEqual([])
  })

  test('everything it refers to must exist in the workspace', async () => {
    await using db = await openTestDb({ actors: { known: () => Promise.resolve(new Set()) } })
    const project = await newProject(db)
    const elsewhere = principalOf(newGlobalId('Workspace'))
    const foreign = await newProject(db, 'FOR', elsewhere)
    expect((await createTask(db, foreign)).errors).toMatchObject([
      { code: 'NOT_FOUND', path: ['input', 'projectId'] },
    ])
    expect((await createTask(db, "x' OR 1=1 --")).errors).toMatchObject([{ code: 'NOT_FOUND' }])
    const input = {
      assigneeIds: [newGlobalId('User')],
      labelIds: [newGlobalId('Label')],
      parentId: newGlobalId('Task'),
    }
    const { errors } = await createTask(db, project, input)
    expect(errors).toMatchObject([
      { code: 'NOT_FOUND', path: ['input', 'assigneeIds', '0'] },
      { code: 'NOT_FOUND', path: ['input', 'labelIds', '0'] },
      { code: 'NOT_FOUND', path: ['input', 'parentId'] },
    ])
  })

  test('a task created as DONE was completed then', async () => {
    await using db = await openTestDb()
    const { task } = await createTask(db, await newProject(db), { status: 'DONE' })
    expect(task.completedAt).not.toBeNull()
  })
})

describe('updating a task', () => {
  test('a field left out stays and a field set to null is cleared', async () => {
    await using db = await openTestDb()
    const user = newGlobalId('User')
    const id = await newTask(db, await newProject(db), {
      title: 'Title',
      description: 'Text',
      estimateMinutes: 5,
      assigneeIds: [user],
      dueAt: '2026-11-21T10:00:00+01:00',
    })
    const { task } = await update(db, { id, description: null, assigneeIds: null, status: 'IN_PROGRESS' })
    expect(task).toMatchObject({
      title: 'Title',
      description: null,
      estimateMinutes: 5,
      assignees: [],
      status: 'IN_PROGRESS',
      dueAt: '2026-11-21T09:00:00.000Z',
      version: 2,
    })
  })

  test.each(['title', 'status', 'priority'])('%s cannot be cleared', async field => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    const { errors } = await update(db, { id, [field]: null })
    expect(errors).toMatchObject([{ code: 'VALIDATION', path: ['input', field] }])
  })

  test('DONE sets completedAt, staying DONE keeps it, leaving DONE clears it', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    const done = await update(db, { id, status: 'DONE' })
    expect(done.task.completedAt).not.toBeNull()
    const renamed = await update(db, { id, title: 'Other' })
    expect(renamed.task.completedAt).toBe(done.task.completedAt)
    const reopened = await update(db, { id, status: 'TODO' })
    expect(reopened.task.completedAt).toBeNull()
  })

  test('what happened is told as one event: status before assignees before the rest', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    const assigneeIds = [newGlobalId('User')]
    await update(db, { id, title: 'New', status: 'DONE', assigneeIds })
    await update(db, { id, title: 'Newer', assigneeIds: [] })
    await update(db, { id, title: 'Newest' })
    expect((await events(db)).map(({ kind, changed }) => ({ kind, changed }))).toEqual([
      { kind: 'CREATED', changed: [] },
      { kind: 'STATUS_CHANGED', changed: ['title', 'status', 'completedAt', 'assignees'] },
      { kind: 'ASSIGNED', changed: ['title', 'assignees'] },
      { kind: 'UPDATED', changed: ['title'] },
    ])
  })

  test('nothing changed means no new version and no event', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db), { title: 'Same' })
    const before = db.stores.sql.entries.length
    const { task } = await update(db, { id, title: 'Same', description: null, assigneeIds: [] })
    expect(task.version).toBe(1)
    expect(db.stores.sql.entries).toHaveLength(before)
  })

  test('a stale version is refused with the task as it is now', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    await update(db, { id, title: 'First', expectedVersion: 1 })
    const { task, errors } = await update(db, { id, title: 'Second', expectedVersion: 1 })
    expect(task).toMatchObject({ title: 'First', version: 2 })
    expect(errors).toMatchObject([{ code: 'VERSION_MISMATCH', path: ['input', 'expectedVersion'] }])
  })

  test('of many updates at once for one version exactly one succeeds', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) => update(db, { id, title: `T${index}`, expectedVersion: 1 })),
    )
    expect(all.filter(({ errors }) => errors.length === 0)).toHaveLength(1)
    expect(all.filter(({ errors }) => errors[0]?.code === 'VERSION_MISMATCH')).toHaveLength(19)
  })

  test('of many updates at once without a version none is lost', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    await Promise.all(Array.from({ length: 50 }, (_, index) => update(db, { id, title: `T${index}` })))
    const { task } = await db.run(`query($id: ID!) { task(id: $id) { version } }`, { id })
    expect(task.version).toBe(51)
  })

  test('a task cannot become its own ancestor, also not by two moves at once', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const [a, b, c] = [await newTask(db, project), await newTask(db, project), await newTask(db, project)]
    expect((await update(db, { id: a, parentId: a })).errors).toMatchObject([{ code: 'CONFLICT' }])
    await update(db, { id: b, parentId: a })
    await update(db, { id: c, parentId: b })
    expect((await update(db, { id: a, parentId: c })).errors).toMatchObject([
      { code: 'CONFLICT', path: ['input', 'parentId'] },
    ])
    await update(db, { id: b, parentId: null })
    await update(db, { id: c, parentId: null })
    const moves = await Promise.all([
      update(db, { id: a, parentId: b }),
      update(db, { id: b, parentId: c }),
      update(db, { id: c, parentId: a }),
    ])
    expect(moves.filter(({ errors }) => errors.length === 0)).toHaveLength(2)
  })
})

describe('completing, deleting and restoring', () => {
  test('completing twice changes nothing the second time', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    expect((await change(db, 'completeTask', { id })).task).toMatchObject({ status: 'DONE', version: 2 })
    expect((await change(db, 'completeTask', { id })).task.version).toBe(2)
  })

  test('a deleted task is found by id, is left out of lists, cannot be changed, and comes back', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    const remove = `mutation($id: ID!) { deleteTask(id: $id) { deletedId task { deletedAt } errors { code } } }`
    const { deleteTask } = await db.run(remove, { id })
    expect(deleteTask).toMatchObject({ deletedId: id, errors: [] })
    const list = `query($id: ID!) { task(id: $id) { deletedAt } tasks { totalCount nodes { id } }
      all: tasks(filter: {includeDeleted: true}) { totalCount } }`
    const seen = await db.run(list, { id })
    expect(seen.task.deletedAt).not.toBeNull()
    expect(seen).toMatchObject({ tasks: { totalCount: 0, nodes: [] }, all: { totalCount: 1 } })
    expect((await update(db, { id, title: 'No' })).errors).toMatchObject([{ code: 'CONFLICT' }])
    expect((await change(db, 'restoreTask', { id })).task).toMatchObject({ deletedAt: null, version: 3 })
    expect((await db.run(list, { id })).tasks.totalCount).toBe(1)
    expect((await events(db)).map(({ kind }) => kind)).toEqual(['CREATED', 'DELETED', 'RESTORED'])
  })
})

describe('dependencies', () => {
  test('a dependency that closes a cycle is refused and the tasks of the cycle are named', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const [a, b, c] = [await newTask(db, project), await newTask(db, project), await newTask(db, project)]
    const { task } = await change(db, 'addTaskDependency', { taskId: a, blockedById: b })
    expect(task).toMatchObject({ blockedBy: [{ id: b }], version: 2 })
    await change(db, 'addTaskDependency', { taskId: b, blockedById: c })
    const { errors } = await change(db, 'addTaskDependency', { taskId: c, blockedById: a })
    expect(errors).toMatchObject([{ code: 'CONFLICT', path: ['blockedById'] }])
    for (const id of [a, b, c]) expect(errors[0].message).toContain(id)
    const self = await change(db, 'addTaskDependency', { taskId: a, blockedById: a })
    expect(self.errors).toMatchObject([{ code: 'CONFLICT' }])
    await change(db, 'removeTaskDependency', { taskId: a, blockedById: b })
    expect((await change(db, 'addTaskDependency', { taskId: c, blockedById: a })).errors).toEqual([])
  })

  test('dependencies added at once never close a cycle together', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    for (let round = 0; round < 10; round++) {
      const ids = [await newTask(db, project), await newTask(db, project), await newTask(db, project)]
      const added = await Promise.all(
        ids.map((taskId, index) =>
          change(db, 'addTaskDependency', { taskId, blockedById: ids[(index + 1) % 3] ?? '' }),
        ),
      )
      expect(added.filter(({ errors }) => errors.length === 0)).toHaveLength(2)
    }
  })

  test('two dependencies added at once far from each other never close a cycle together', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const blocked = (taskId: string, blockedById: string) =>
      change(db, 'addTaskDependency', { taskId, blockedById })
    for (let round = 0; round < 10; round++) {
      const [a, b] = [await newTask(db, project), await newTask(db, project)]
      const [c, d] = [await newTask(db, project), await newTask(db, project)]
      await blocked(b, c)
      await blocked(d, a)
      const added = await Promise.all([blocked(a, b), blocked(c, d)])
      expect(added.filter(({ errors }) => errors.length === 0)).toHaveLength(1)
    }
  })

  test('a task waits for at most 50 others', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const taskId = await newTask(db, project)
    const others = await Promise.all(Array.from({ length: 51 }, () => newTask(db, project)))
    const added = await Promise.all(
      others.map(blockedById => change(db, 'addTaskDependency', { taskId, blockedById })),
    )
    expect(added.filter(({ errors }) => errors.length > 0)).toMatchObject([
      { errors: [{ code: 'CONFLICT' }] },
    ])
  })
})

describe('comments', () => {
  test('a comment is told as an event and leaves the version of its task', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    const comment = `mutation($taskId: ID!, $body: String!) {
      addComment(input: {taskId: $taskId, body: $body, clientMutationId: "m1"}) {
        comment { body task { version comments { totalCount nodes { body } } } } errors { code path } clientMutationId
      }
    }`
    const { addComment } = await db.run(comment, { taskId: id, body: 'Hello\nthere' })
    expect(addComment).toMatchObject({ clientMutationId: 'm1', errors: [] })
    expect(addComment.comment.task).toEqual({
      version: 1,
      comments: { totalCount: 1, nodes: [{ body: 'Hello\nthere' }] },
    })
    const { addComment: empty } = await db.run(comment, { taskId: id, body: '' })
    expect(empty.errors).toEqual([{ code: 'VALIDATION', path: ['input', 'body'] }])
    expect((await events(db)).at(-1)).toMatchObject({ kind: 'COMMENTED', changed: ['comments'], taskId: id })
  })
})

describe('permissions', () => {
  test('what another tenant has is not there', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    const stranger = principalOf(newGlobalId('Workspace'))
    expect((await update(db, { id, title: 'Mine' }, stranger)).errors).toMatchObject([{ code: 'NOT_FOUND' }])
    const { task, tasks } = await db.run(
      `query($id: ID!) { task(id: $id) { id } tasks { totalCount } }`,
      { id },
      stranger,
    )
    expect({ task, tasks }).toEqual({ task: null, tasks: { totalCount: 0 } })
  })

  test('a member deletes only their own tasks', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const member = principalOf(db.workspaceId, 'MEMBER')
    const theirs = await newTask(db, project)
    const own = (await createTask(db, project, {}, undefined, member)).task.id
    const remove = `mutation($id: ID!) { deleteTask(id: $id) { deletedId errors { code path } } }`
    expect((await db.run(remove, { id: theirs }, member)).deleteTask).toEqual({
      deletedId: null,
      errors: [{ code: 'FORBIDDEN', path: ['id'] }],
    })
    expect((await db.run(remove, { id: own }, member)).deleteTask.errors).toEqual([])
  })

  test('a guest reads and comments, and with a forged scope still may not write', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const id = await newTask(db, project)
    const guest = { ...principalOf(db.workspaceId, 'GUEST'), scopes: ['tasks:read', 'tasks:write'] }
    expect((await update(db, { id, title: 'No' }, guest)).errors).toMatchObject([{ code: 'FORBIDDEN' }])
    expect((await createTask(db, project, {}, undefined, guest)).errors).toMatchObject([
      { code: 'FORBIDDEN' },
    ])
    const { addComment } = await db.run(
      `mutation($id: ID!) { addComment(input: {taskId: $id, body: "Hi"}) { errors { code } } }`,
      { id },
      guest,
    )
    expect(addComment.errors).toEqual([])
  })

  test('nobody and services see no tasks', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db))
    const query = `query($id: ID!) { _entities(representations: [{__typename: "Task", id: $id}]) { ... on Task { title } } }`
    const nobody = await db.service.execute(
      { query, variables: { id } },
      { requestId: 'r', principal: undefined, remainingMs: 1_000, signal: new AbortController().signal },
    )
    expect(nobody.errors?.[0]?.extensions).toMatchObject({ code: 'UNAUTHENTICATED' })
    const service = await db.answer(query, { id }, { kind: 'service', name: 'api' })
    expect(service.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' })
  })
})
