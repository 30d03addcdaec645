import { describe, expect, test } from 'vitest'
import { newGlobalId } from '../../../kernel/global-id.ts'
import { scoreOf } from '../../../subgraphs/db/search.ts'
import { type Data, type TestDb, newProject, newTask, openTestDb, principalOf } from './fixture.ts'

async function titles(db: TestDb, filter: unknown, orderBy?: unknown): Promise<readonly string[]> {
  const { tasks } = await db.run(
    'query($filter: TaskFilter, $orderBy: TaskOrder) { tasks(filter: $filter, orderBy: $orderBy) { nodes { title } } }',
    { filter, orderBy },
  )
  const found = tasks.nodes.map((node: Data) => node.title)
  // Tasks of the same millisecond stand in any order.
  return orderBy === undefined ? found.sort() : found
}

describe('filters', () => {
  test('all fields given must hold, and a list holds when one member does', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const [ann, bob] = [newGlobalId('User'), newGlobalId('User')]
    await newTask(db, project, { title: 'A', status: 'TODO', priority: 'HIGH', assigneeIds: [ann] })
    await newTask(db, project, { title: 'B', status: 'DONE', assigneeIds: [ann, bob] })
    await newTask(db, project, { title: 'C', status: 'TODO', dueAt: '2026-03-01T00:00:00Z' })
    expect(await titles(db, { status: ['TODO', 'DONE'], assigneeId: [ann] })).toEqual(['A', 'B'])
    expect(await titles(db, { status: ['TODO'], assigneeId: [bob] })).toEqual([])
    expect(await titles(db, { priority: ['HIGH', 'URGENT'] })).toEqual(['A'])
    expect(await titles(db, { status: [] })).toEqual([])
    expect(await titles(db, { or: [] })).toEqual([])
    expect(await titles(db, { and: [] })).toEqual(['A', 'B', 'C'])
    expect(await titles(db, { or: [{ title: { eq: 'A' } }, { title: { contains: 'c' } }] })).toEqual([
      'A',
      'C',
    ])
    expect(await titles(db, { not: { assigneeId: [ann] } })).toEqual(['C'])
    expect(await titles(db, { title: { in: ['A', 'B'] }, not: { title: { eq: 'B' } } })).toEqual(['A'])
    expect(await titles(db, { dueAt: { isNull: false } })).toEqual(['C'])
    expect(await titles(db, { dueAt: { isNull: true } })).toEqual(['A', 'B'])
    expect(await titles(db, { dueAt: { gte: '2026-03-01T00:00:00Z' } })).toEqual(['C'])
    expect(await titles(db, { dueAt: { gt: '2026-03-01T00:00:00Z' } })).toEqual([])
    expect(await titles(db, { dueAt: { lt: '2026-03-01T02:00:00+01:00' } })).toEqual(['C'])
  })

  test('includeDeleted counts only at the top', async () => {
    await using db = await openTestDb()
    const id = await newTask(db, await newProject(db), { title: 'Gone' })
    await db.run('mutation($id: ID!) { deleteTask(id: $id) { deletedId } }', { id })
    expect(await titles(db, { and: [{ includeDeleted: true }] })).toEqual([])
    expect(await titles(db, { includeDeleted: true })).toEqual(['Gone'])
  })

  test('text that could be an operator, a pattern or SQL is only text', async () => {
    await using db = await openTestDb()
    await newTask(db, await newProject(db), { title: '100% of $where {"$ne": 1}' })
    expect(await titles(db, { title: { contains: '%' } })).toHaveLength(1)
    expect(await titles(db, { title: { contains: '_' } })).toEqual([])
    expect(await titles(db, { title: { contains: '$ne' } })).toHaveLength(1)
    expect(await titles(db, { projectId: ["' OR 1=1 --"] })).toEqual([])
  })

  test('an order without a value puts it last ascending and first descending', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    await newTask(db, project, { title: 'none' })
    await newTask(db, project, { title: 'late', dueAt: '2026-02-01T00:00:00Z' })
    await newTask(db, project, { title: 'soon', dueAt: '2026-01-01T00:00:00Z' })
    expect(await titles(db, null, { field: 'DUE_AT', direction: 'ASC' })).toEqual(['soon', 'late', 'none'])
    expect(await titles(db, null, { field: 'DUE_AT', direction: 'DESC' })).toEqual(['none', 'late', 'soon'])
  })
})

describe('the graph', () => {
  test('objects lead to each other, and other subgraphs enter by reference', async () => {
    await using db = await openTestDb()
    const principal = principalOf(db.workspaceId)
    const project = await newProject(db)
    const parent = await newTask(db, project, { title: 'Parent', assigneeIds: [principal.actorId] })
    const child = await newTask(db, project, { title: 'Child', parentId: parent })
    await db.run(
      'mutation($a: ID!, $b: ID!) { addTaskDependency(taskId: $a, blockedById: $b) { errors { code } } }',
      { a: parent, b: child },
    )
    const representations = [
      { __typename: 'Workspace', id: db.workspaceId },
      { __typename: 'Workspace', id: newGlobalId('Workspace') },
      { __typename: 'Actor', id: principal.actorId },
      { __typename: 'Project', id: project },
      { __typename: 'Task', id: child },
      { __typename: 'Task', id: newGlobalId('Task') },
      { __typename: 'Comment', id: parent },
    ]
    const { _entities } = await db.run(
      `query($representations: [_Any!]!) { _entities(representations: $representations) {
        ... on Workspace { projects { nodes { key } } labels { name } }
        ... on Actor { assignedTasks { nodes { title } } createdTasks { totalCount } }
        ... on Project { workspace { id } tasks { nodes { number } } }
        ... on Task { title parent { title subtasks { nodes { title } } blockedBy { title } } blocks { title } }
      } }`,
      { representations },
      principal,
    )
    expect(_entities).toEqual([
      { projects: { nodes: [{ key: 'ENN' }] }, labels: [] },
      null,
      { assignedTasks: { nodes: [{ title: 'Parent' }] }, createdTasks: { totalCount: 0 } },
      { workspace: { id: db.workspaceId }, tasks: { nodes: [{ number: 1 }, { number: 2 }] } },
      {
        title: 'Child',
        parent: {
          title: 'Parent',
          subtasks: { nodes: [{ title: 'Child' }] },
          blockedBy: [{ title: 'Child' }],
        },
        blocks: [{ title: 'Parent' }],
      },
      null,
      null,
    ])
  })

  test('a project is found by id or key, a task by its number, and never by both or neither', async () => {
    await using db = await openTestDb()
    const id = await newProject(db)
    await newTask(db, id, { title: 'One' })
    const found = await db.run(
      `query($id: ID!) { a: project(id: $id) { key } b: project(key: "ENN") { key } c: project(key: "$where") { key }
        one: taskByNumber(projectKey: "ENN", number: 1) { title } two: taskByNumber(projectKey: "ENN", number: 2) { title } }`,
      { id },
    )
    expect(found).toEqual({ a: { key: 'ENN' }, b: { key: 'ENN' }, c: null, one: { title: 'One' }, two: null })
    for (const query of ['{ project { key } }', `{ project(id: "x", key: "y") { key } }`]) {
      expect((await db.answer(query)).errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
    }
  })

  test('a board of 50 tasks with everything on it asks the stores as often as one of 2', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    const { createLabel } = await db.run('mutation { createLabel(input: {name: "bug"}) { label { id } } }')
    const labelIds = [createLabel.label.id]
    const parentId = await newTask(db, project)
    const tasks = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        newTask(db, project, { title: `${index}`, labelIds, parentId }),
      ),
    )
    for (const taskId of tasks.slice(1)) {
      await db.run(
        'mutation($a: ID!, $b: ID!) { addTaskDependency(taskId: $a, blockedById: $b) { errors { code } } }',
        { a: taskId, b: tasks[0] },
      )
    }
    const board = `query($first: Int) { tasks(last: $first) { nodes {
      title project { key workspace { labels { name } } } labels { name } parent { title }
      blockedBy { title project { name } } blocks { title } assignees { id } creator { id }
    } } }`
    const reads = (): number =>
      Object.values(db.stores)
        .flatMap(store => store.calls)
        .filter(call => ['read', 'query', 'count'].includes(call)).length
    const askedOnce = async (first: number): Promise<number> => {
      const before = reads()
      const { tasks: found } = await db.run(board, { first })
      expect(found.nodes).toHaveLength(first)
      return reads() - before
    }
    // A store that is behind or slow is made up for by one more call of another: the least is what the board needs.
    const asked = async (first: number): Promise<number> =>
      Math.min(await askedOnce(first), await askedOnce(first), await askedOnce(first))
    // Each task's project leads to the workspace's labels anew, which is one list for each.
    const few = (await asked(2)) - 2
    const many = (await asked(50)) - 50
    expect(many).toBe(few)
    expect(many).toBeLessThanOrEqual(4)
  })
})

describe('search', () => {
  const search = `query($query: String!, $first: Int! = 20, $after: String) { searchTasks(query: $query, first: $first, after: $after) {
    edges { node { title } score cursor highlights } pageInfo { hasNextPage endCursor }
  } }`

  test('every word must occur, the best match comes first, and pages go on where they ended', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    await newTask(db, project, { title: 'Nothing', description: 'a broken door in the house, painted red' })
    await newTask(db, project, { title: 'Red door' })
    await newTask(db, project, { title: 'Doors', description: 'reddish red' })
    await newTask(db, project, { title: 'Red' })
    const { searchTasks } = await db.run(search, { query: 'RED door' })
    expect(searchTasks.edges.map((edge: Data) => edge.node.title)).toEqual(['Red door', 'Doors', 'Nothing'])
    expect(searchTasks.edges[0]).toMatchObject({ score: 1, highlights: ['Red door'] })
    expect(searchTasks.edges[2].highlights).toEqual(['a broken door in the house, painted red'])
    const one = await db.run(search, { query: 'red door', first: 1 })
    expect(one.searchTasks.pageInfo.hasNextPage).toBe(true)
    const rest = await db.run(search, { query: 'red door', after: one.searchTasks.pageInfo.endCursor })
    expect(rest.searchTasks.edges).toHaveLength(2)
    expect(rest.searchTasks.pageInfo.hasNextPage).toBe(false)
  })

  test('a whole word of the title counts most, a part of the description least', () => {
    const score = (title: string, description: string | null): number =>
      scoreOf({ title, description }, ['red'])
    const ranked = [score('red', null), score('redo', null), score('x', 'so red'), score('x', 'reddish')]
    expect(ranked).toEqual([1, 0.75, 0.5, 0.25])
    expect(score('größred', 'é')).toBe(0.75)
  })

  test.each(['', '   ', 'a b c d e f g h i j k', 'x'.repeat(201)])('the query %j is refused', async query => {
    await using db = await openTestDb()
    const { errors } = await db.answer(search, { query })
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  })
})
