import { expect, test } from 'vitest'
import { until } from '../../support/until.ts'
import { newProject, newTask, openTestDb } from './fixture.ts'

const everything = `query($id: ID!) { task(id: $id) { title } tasks(first: 10) { totalCount nodes { title } } }`

test('a store that loses its data is not believed before anyone has noticed', async () => {
  await using db = await openTestDb()
  const id = await newTask(db, await newProject(db), { title: 'kept' })
  const { sql, nosql, cache } = db.stores
  const kept = { task: { title: 'kept' }, tasks: { totalCount: 1, nodes: [{ title: 'kept' }] } }
  await until('all have it', () => [sql, nosql, cache].every(store => store.entries.length === 2))
  sql.clear()
  expect(await db.run(everything, { id })).toEqual(kept)
})

test('a store that is being filled again does not tell the past', async () => {
  await using db = await openTestDb()
  const id = await newTask(db, await newProject(db), { title: 'old' })
  const rename = `mutation($id: ID!) { updateTask(input: {id: $id, title: "new"}) { errors { code } } }`
  await db.run(rename, { id })
  const { sql, nosql, cache } = db.stores
  await until('all have it', () => [sql, nosql, cache].every(store => store.entries.length === 3))
  const [first, second] = sql.entries
  sql.clear()
  if (first === undefined || second === undefined) throw new Error('the log has no entries')
  sql.take([first, second])
  expect(await db.run(everything, { id })).toMatchObject({ task: { title: 'new' } })
})
