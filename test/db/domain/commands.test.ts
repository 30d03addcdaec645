import { expect, test } from 'vitest'
import { createTask, newProject, newTask, openTestDb } from './fixture.ts'

test('tasks of a project are numbered from 1 in the order they are created', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  const first = await createTask(db, project)
  const second = await createTask(db, project)
  expect([first.task.number, second.task.number]).toEqual([1, 2])
  const third = await newTask(db, project)
  const { task } = await db.run(`query($id: ID!) { task(id: $id) { number project { key } } }`, { id: third })
  expect(task).toEqual({ number: 3, project: { key: 'ENN' } })
})

test('100 tasks created at once get the numbers 1 to 100, each once', async () => {
  await using db = await openTestDb()
  const project = await newProject(db)
  const made = await Promise.all(Array.from({ length: 100 }, () => createTask(db, project)))
  const numbers = made.map(({ task }) => task.number).sort((a, b) => a - b)
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
})
