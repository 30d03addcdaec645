import { describe, expect, test } from 'vitest'
import { EnneadError } from '../../../kernel/errors.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { until } from '../../support/until.ts'
import { fail, heal, lag, marksOf, rename, titleQuery } from './ailing-stores.ts'
import { type TestDb, engineOf, newProject, newTask, openTestDb } from './fixture.ts'

/**
 * A task that was made after `madeAt` and is called `new` instead of `old` since `changedAt`, which no store knows but the dead one.
 */
async function leftBehind(
  db: TestDb,
): Promise<{ id: string; project: string; madeAt: number; changedAt: number }> {
  const madeAt = performance.now()
  const project = await newProject(db)
  const id = await newTask(db, project, { title: 'old' })
  await until(
    'all have it',
    () => db.stores.nosql.entries.length === 2 && db.stores.cache.entries.length === 2,
  )
  lag(db.stores.nosql)
  lag(db.stores.cache)
  const changedAt = performance.now()
  await db.run(rename, { id, title: 'new', key: 'key-1' })
  fail(db.stores.sql)
  return { id, project, madeAt, changedAt }
}

describe('when no current store answers', () => {
  test('a copy that is behind answers what it knows, marked with its age', async () => {
    await using db = await openTestDb()
    const { id, madeAt } = await leftBehind(db)
    const answer = await db.answer(titleQuery, { id })
    const passedMs = performance.now() - madeAt
    expect(answer.data).toEqual({ task: { title: 'old' } })
    const [mark, ...more] = marksOf(answer)
    expect(more).toEqual([])
    expect(mark).toMatchObject({ path: ['task'], agent: 'nosql', reason: 'stale', behind: 1 })
    // Young enough to be of use, and no younger than the truth allows.
    expect(mark?.ageMs).toBeLessThanOrEqual(passedMs + 1)
    expect(mark?.ageMs).toBeGreaterThan(0)
    fail(db.stores.nosql)
    expect(marksOf(await db.answer(titleQuery, { id }))).toMatchObject([{ agent: 'cache' }])
  })

  test('what is not there is marked as well', async () => {
    await using db = await openTestDb()
    const project = await newProject(db)
    await until(
      'all have it',
      () => db.stores.nosql.entries.length === 1 && db.stores.cache.entries.length === 1,
    )
    lag(db.stores.nosql)
    lag(db.stores.cache)
    const late = await newTask(db, project)
    fail(db.stores.sql)
    const answer = await db.answer(titleQuery, { id: late })
    expect(answer).toMatchObject({ data: { task: null } })
    expect(marksOf(answer)).toMatchObject([{ path: ['task'], reason: 'stale', behind: 1 }])
  })

  test('every place is marked that waited for it, and no other', async () => {
    await using db = await openTestDb()
    const { id, project } = await leftBehind(db)
    const answer = await db.answer(
      `query($id: ID!, $key: String!) {
        a: task(id: $id) { title creator { id } project { key } }
        list: tasks { totalCount nodes { id } }
        p: project(key: $key) { name }
        none: task(id: "nonsense") { title }
      }`,
      { id, key: 'ENN' },
    )
    expect(answer.errors).toBeUndefined()
    expect(answer.data).toMatchObject({ a: { project: { key: 'ENN' } }, list: { totalCount: 1 }, none: null })
    expect(new Set(marksOf(answer).map(({ path }) => path[0]))).toEqual(new Set(['a', 'list', 'p']))
    expect(marksOf(answer).every(({ path }) => path.length === 1)).toBe(true)
    const representations = [
      { __typename: 'Task', id },
      { __typename: 'Workspace', id: db.workspaceId },
      { __typename: 'Project', id: project },
    ]
    const entities = await db.answer(
      `query($representations: [_Any!]!) { _entities(representations: $representations) {
        ... on Task { title } ... on Workspace { id projects { totalCount } } ... on Project { key }
      } }`,
      { representations },
    )
    expect(entities.errors).toBeUndefined()
    expect(marksOf(entities).map(({ path }) => path)).toEqual([
      ['_entities', 0],
      ['_entities', 2],
      ['_entities', 1, 'projects'],
    ])
  })

  test('it ends by itself when a current store is back', async () => {
    await using db = await openTestDb()
    const { id } = await leftBehind(db)
    expect(marksOf(await db.answer(titleQuery, { id }))).toHaveLength(1)
    for (const store of Object.values(db.stores)) heal(store)
    await until('it is current again', async () => marksOf(await db.answer(titleQuery, { id })).length === 0)
    expect(await db.answer(titleQuery, { id })).toEqual({ data: { task: { title: 'new' } } })
  })

  test('nothing older than the limit is told, and 0 switches it off', async () => {
    for (const staleMsMax of [0, 300]) {
      await using db = await openTestDb({ limits: { staleMsMax } })
      const { id, changedAt } = await leftBehind(db)
      await until('the limit has passed', () => performance.now() - changedAt > staleMsMax)
      const answer = await db.answer(titleQuery, { id })
      expect(answer).toMatchObject({ data: { task: null }, errors: [{ path: ['task'] }] })
      expect(marksOf(answer)).toEqual([])
    }
  })

  test('commands, idempotency keys and the change log never go by it', async () => {
    await using db = await openTestDb()
    const { id } = await leftBehind(db)
    for (const variables of [
      { id, title: 'newest' },
      { id, title: 'old' },
      { id, title: 'new', key: 'key-1' },
    ]) {
      const { updateTask } = await db.run(rename, variables)
      expect(updateTask).toMatchObject({
        task: null,
        replayed: false,
        errors: [{ code: expect.stringMatching(/UNAVAILABLE|OVERLOADED/) }],
      })
    }
    await expect(db.domain.current.call('read', [{ kind: 'task', id }])).rejects.toThrow(EnneadError)
    expect(db.stores.nosql.entries.length).toBe(2)
  })

  test('a caller in a hurry gets no more time than it has', async () => {
    await using db = await openTestDb({ limits: { readMs: 3_000, readAttemptMs: 1_000 } })
    const { id } = await leftBehind(db)
    db.stores.sql.before = () => new Promise(() => undefined)
    const began = performance.now()
    const answer = await db.answer(titleQuery, { id })
    // All attempts together stay within what a read may take, however long the writer hangs.
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(marksOf(answer)).toHaveLength(1)
  })
})

describe('until a majority has been seen', () => {
  test('every answer says that nobody knows, and commands are refused', async () => {
    const [sql, nosql] = [new MemoryTaskStore(), new MemoryTaskStore()]
    let there = true
    const open = () => (there ? sql.open() : Promise.reject(new Error('gone')))
    const engines = [{ name: 'sql', open } as const, engineOf('nosql', nosql)]
    {
      await using db = await openTestDb({ engines })
      await newProject(db)
      lag(nosql)
      await newProject(db, 'LATE')
    }
    there = false
    heal(nosql)
    await using db = await openTestDb({ engines })
    const answer = await db.answer('{ projects { totalCount } }')
    expect(answer.data).toEqual({ projects: { totalCount: 0 } })
    expect(marksOf(answer)).toMatchObject([{ path: ['projects'], agent: 'nosql', reason: 'unconfirmed' }])
    const created = 'mutation { createProject(input: {key: "X", name: "x"}) { errors { code } } }'
    expect(await db.run(created)).toEqual({ createProject: { errors: [{ code: 'UNAVAILABLE' }] } })
    there = true
    await until('it knows', async () => marksOf(await db.answer('{ projects { totalCount } }')).length === 0)
    await until('it has caught up', () => nosql.entries.length === sql.entries.length)
  })
})

test('a limit that is none is refused', async () => {
  await expect(openTestDb({ limits: { staleMsMax: -1 } })).rejects.toThrow(
    'staleMsMax must be an integer >= 0, got -1',
  )
})
