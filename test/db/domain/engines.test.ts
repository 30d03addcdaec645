import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { openLmdbStore } from '../../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import type { DbDomainOptions } from '../../../subgraphs/db/domain-options.ts'
import { until } from '../../support/until.ts'
import { testFolder, testPostgres } from '../sql/postgres-for-tests.ts'
import { createTask, newProject, newTask, openTestDb } from './fixture.ts'

test('PostgreSQL and two of LMDB decide together, and two of them go on alone', async () => {
  await using postgres = await testPostgres()
  await using folder = await testFolder()
  const engines: DbDomainOptions['engines'] = [
    { name: 'sql', open: () => openSqlStore({ connection: postgres.connection, log: silentLog }) },
    { name: 'nosql', open: () => openLmdbStore({ directory: join(folder.path, 'nosql'), log: silentLog }) },
    { name: 'cache', open: () => openLmdbStore({ directory: join(folder.path, 'cache'), log: silentLog }) },
  ]
  const withoutSql = engines.map(engine =>
    engine.name === 'sql' ? { name: 'sql' as const, absent: 'switched off' } : engine,
  )
  const counted = '{ tasks { totalCount } }'
  {
    await using db = await openTestDb({ engines })
    const project = await newProject(db)
    const made = await Promise.all(Array.from({ length: 100 }, () => createTask(db, project, {})))
    expect(made.flatMap(({ errors }) => errors)).toEqual([])
    expect(made.map(({ task }) => task.number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    )
    const replayed = await Promise.all([1, 2, 3].map(() => createTask(db, project, { title: 'x' }, 'key')))
    expect(replayed.filter(one => one.replayed)).toHaveLength(2)
    const id = await newTask(db, project, { title: 'Blocked' })
    await db.run(
      'mutation($a: ID!, $b: ID!) { addTaskDependency(taskId: $a, blockedById: $b) { errors { code } } }',
      { a: id, b: made[0]?.task.id },
    )
    const { searchTasks } = await db.run(
      '{ searchTasks(query: "block") { edges { node { blockedBy { id } } } } }',
    )
    expect(searchTasks.edges).toEqual([{ node: { blockedBy: [{ id: made[0]?.task.id }] } }])
    await until('all have caught up', () =>
      db.domain.health().agents.every(({ detail }) => detail.endsWith(', at 104')),
    )
    expect(await db.run(counted)).toEqual({ tasks: { totalCount: 102 } })
    await postgres.server.stop()
    expect(await db.run(counted)).toEqual({ tasks: { totalCount: 102 } })
    const { task } = await db.run('query($id: ID!) { task(id: $id) { title } }', { id })
    expect(task).toEqual({ title: 'Blocked' })
    expect((await createTask(db, project)).errors).toEqual([])
    expect(await db.run(counted)).toEqual({ tasks: { totalCount: 103 } })
  }
  await using two = await openTestDb({ engines: withoutSql })
  expect(two.domain.health().agents.map(({ detail }) => detail)).toEqual([
    'switched off',
    'LMDB (embedded), at 105',
    'LMDB (embedded), at 105',
  ])
  await newProject(two, 'NEW')
})
