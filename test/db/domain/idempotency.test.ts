import { expect, test } from 'vitest'
import { systemClock } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { Commit } from '../../../subgraphs/db/task-store.ts'
import { until } from '../../support/until.ts'
import { createTask, newProject, newTask, openTestDb, principalOf } from './fixture.ts'

test('the same call with the same key answers as the first did and does nothing', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  const first = await createTask(db, project, { title: 'Once', clientMutationId: 'a' }, 'key-1')
  const second = await createTask(db, project, { title: 'Once', clientMutationId: 'b' }, 'key-1')
  expect(first).toMatchObject({ replayed: false, clientMutationId: 'a' })
  expect(second).toMatchObject({ replayed: true, clientMutationId: 'b', task: first.task, errors: [] })
  expect(await db.run('{ tasks { totalCount } }')).toMatchObject({ tasks: { totalCount: 1 } })
})

test('another input, or another command, with the same key is refused', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  const { task } = await createTask(db, project, { title: 'Once' }, 'key-1')
  const other = await createTask(db, project, { title: 'Twice' }, 'key-1')
  expect(other).toMatchObject({
    task: null,
    errors: [{ code: 'IDEMPOTENCY_CONFLICT', path: ['idempotencyKey'] }],
  })
  const { completeTask } = await db.run(
    `mutation($id: ID!) { completeTask(id: $id, idempotencyKey: "key-1") { errors { code } } }`,
    { id: task.id },
  )
  expect(completeTask.errors).toEqual([{ code: 'IDEMPOTENCY_CONFLICT' }])
})

test('20 calls with one key at the same time do it once, and all but one say so', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  const calls = await Promise.all(
    Array.from({ length: 20 }, () => createTask(db, project, { title: 'Once' }, 'key-1')),
  )
  expect(new Set(calls.map(({ task }) => task.id)).size).toBe(1)
  expect(calls.filter(({ replayed }) => !replayed)).toHaveLength(1)
  expect(await db.run('{ tasks { totalCount } }')).toMatchObject({ tasks: { totalCount: 1 } })
})

test('a call that waits for the first one with its key does it itself when the first one fails', async () => {
  await using db = await openTestDb({ limits: { graceMs: 0 } })
  const project = await newProject(db)
  const gate = Promise.withResolvers<undefined>()
  let firstId: string | undefined
  for (const store of Object.values(db.stores)) {
    store.before = async (operation, _attempt, input) => {
      if (operation !== 'facts') return
      const ids = (input as readonly Commit[]).map(({ id }) => id)
      firstId ??= ids[0]
      if (firstId === undefined || !ids.includes(firstId)) return
      await gate.promise
      throw new EnneadError('AGENT_FAULT', 'the disk is full')
    }
  }
  // Whichever store is the quickest is asked.
  const reads = (): number =>
    Object.values(db.stores).flatMap(({ calls }) => calls.filter(call => call === 'read')).length
  const first = createTask(db, project, {}, 'key-1')
  await until('the first one is being written', () => firstId !== undefined)
  const before = reads()
  const second = createTask(db, project, {}, 'key-1')
  await until('the second one has looked for a receipt', () => reads() > before)
  gate.resolve(undefined)
  expect((await first).errors).toMatchObject([{ code: 'UNAVAILABLE' }])
  expect(await second).toMatchObject({ replayed: false, errors: [], task: { number: 1 } })
  expect(await db.run('{ tasks { totalCount } }')).toEqual({ tasks: { totalCount: 1 } })
})

test('the same key of another member or in another workspace is independent', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  await createTask(db, project, {}, 'key-1')
  const colleague = await createTask(db, project, {}, 'key-1', principalOf(db.workspaceId))
  expect(colleague).toMatchObject({ replayed: false, errors: [] })
  const stranger = principalOf(newGlobalId('Workspace'))
  const elsewhere = await createTask(db, await newProject(db, 'X', stranger), {}, 'key-1', stranger)
  expect(elsewhere).toMatchObject({ replayed: false, errors: [] })
})

test('a call that changed nothing is remembered too', async () => {
  await using db = await openTestDb()
  const id = await newTask(db, await newProject(db), { title: 'A' })
  const set = `mutation($id: ID!, $title: String!, $key: String) {
    updateTask(input: {id: $id, title: $title}, idempotencyKey: $key) { task { title version } replayed }
  }`
  await db.run(set, { id, title: 'A', key: 'same' })
  await db.run(set, { id, title: 'B' })
  const { updateTask } = await db.run(set, { id, title: 'A', key: 'same' })
  expect(updateTask).toEqual({ task: { title: 'A', version: 1 }, replayed: true })
  const { task } = await db.run('query($id: ID!) { task(id: $id) { title } }', { id })
  expect(task.title).toBe('B')
})

test('a refusal is not remembered', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  expect((await createTask(db, project, { title: '' }, 'key-1')).errors).toHaveLength(1)
  expect((await createTask(db, project, { title: 'Good' }, 'key-1')).errors).toEqual([])
})

test('a key has 1 to 128 characters', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  for (const key of ['', 'x'.repeat(129), 'a\u0000']) {
    expect((await createTask(db, project, {}, key)).errors).toMatchObject([
      { code: 'VALIDATION', path: ['idempotencyKey'] },
    ])
  }
  expect((await createTask(db, project, {}, 'x'.repeat(128))).errors).toEqual([])
})

test('after an hour a key is forgotten by all stores and may be used anew', async () => {
  let ahead = 0
  const clock = { ...systemClock, wall: () => Date.now() + ahead }
  await using db = await openTestDb({ clock, limits: { sweepMs: 20 } })
  const receipts = (): number[] =>
    Object.values(db.stores).map(
      ({ records }) => [...records.values()].filter(one => one.kind === 'receipt').length,
    )
  const project = await newProject(db)
  await createTask(db, project, {}, 'key-1')
  expect(receipts()).toEqual([1, 1, 1])
  ahead = 3_599_000
  expect(await createTask(db, project, {}, 'key-1')).toMatchObject({ replayed: true })
  ahead = 3_601_000
  await until('the receipts are forgotten', () => receipts().every(count => count === 0))
  expect(await createTask(db, project, {}, 'key-1')).toMatchObject({ replayed: false, task: { number: 2 } })
})

test('a key whose time is past may be used anew before it is swept', async () => {
  let ahead = 0
  const clock = { ...systemClock, wall: () => Date.now() + ahead }
  await using db = await openTestDb({ clock })
  const project = await newProject(db)
  await createTask(db, project, {}, 'key-1')
  ahead = 3_601_000
  expect(await createTask(db, project, {}, 'key-1')).toMatchObject({ replayed: false, task: { number: 2 } })
  expect(await createTask(db, project, {}, 'key-1')).toMatchObject({ replayed: true, task: { number: 2 } })
})
