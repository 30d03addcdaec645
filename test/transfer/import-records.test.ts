import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { StoredRecord } from '../../subgraphs/db/record.ts'
import { exportChanges, exportHead, exportPage } from '../../subgraphs/db/transfer/export-records.ts'
import { type ImportOutcome, importRecords } from '../../subgraphs/db/transfer/import-records.ts'
import {
  recordIn,
  type TransferRecord,
  transferKinds,
  written,
} from '../../subgraphs/db/transfer/record-form.ts'
import {
  createTask,
  newProject,
  newTask,
  openTestDb,
  principalOf,
  type TestDb,
} from '../db/domain/fixture.ts'
import { receipt } from '../contract/sample-records.ts'
import { sampleComment, sampleTask, sampleWorkspace } from './sample-export.ts'

function bring(
  db: TestDb,
  records: readonly TransferRecord[],
  existing: 'refuse' | 'keep' = 'refuse',
): Promise<ImportOutcome> {
  const { current: store, writer } = db.domain
  return importRecords({ store, writer, clock: systemClock, random: Math.random }, records, existing)
}

/** Everything an export of the domain writes, in its final state. */
async function exported(db: TestDb): Promise<readonly object[]> {
  const store = db.domain.current
  const all: object[] = []
  for (const kind of transferKinds) {
    for (let afterId: string | undefined = ''; afterId !== undefined;) {
      const page = await exportPage(store, kind, afterId)
      all.push(...page.records)
      afterId = page.next
    }
  }
  return all
}

function stored(db: TestDb): readonly StoredRecord[] {
  return [...db.stores.sql.records.values()]
}

test('what leaves one Ennead comes into another as it was, and leaves that as it came', async () => {
  await using from = await openTestDb()
  const projectId = await newProject(from)
  const parentId = await newTask(from, projectId, { title: 'Ä parent' })
  const { createLabel } = await from.run(
    'mutation { createLabel(input: {name: "Bug", colour: "#ff0000"}) { label { id } } }',
  )
  await createTask(from, projectId, { parentId, labelIds: [createLabel.label.id] }, 'a-key')
  await from.run('mutation($id: ID!) { addComment(input: {taskId: $id, body: "Hm."}) { errors { code } } }', {
    id: parentId,
  })
  const records = await exported(from)
  expect(records.map(record => 'kind' in record && record.kind)).toEqual([
    'project',
    'label',
    'task',
    'task',
    'comment',
    'receipt',
  ])

  await using to = await openTestDb()
  const outcome = await bring(to, records.map(recordIn))
  expect(outcome).toEqual({ imported: 6, same: 0, kept: 0, expired: 0, missing: [] })
  expect(await exported(to)).toEqual(records)
  // Guards too are what they were, for what they guard; nothing else is different.
  const values = (db: TestDb): readonly unknown[] =>
    stored(db)
      .flatMap(record => (record.kind === 'guard' ? [`${record.id} ${record.value}`] : []))
      .sort()
  expect(values(to)).toEqual(values(from))
})

test('importing again changes nothing', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace()
  const task = sampleTask(sample, 1)
  const records = [sample.project, sample.label, task, sampleComment(task)]
  await bring(db, records)
  const before = db.stores.sql.entries.length
  expect(await bring(db, records)).toMatchObject({ imported: 0, same: 4 })
  expect(db.stores.sql.entries).toHaveLength(before)
})

test('an import brings no events and reaches every copy', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace()
  await bring(db, [sample.project, sample.label, sampleTask(sample, 1), sampleTask(sample, 2)])
  expect(db.stores.sql.entries.map(entry => entry.commit.event)).toEqual([undefined])
  expect([...db.stores.nosql.records.values()]).toEqual([...db.stores.sql.records.values()])
  expect([...db.stores.cache.records.values()]).toEqual([...db.stores.sql.records.values()])
})

test('after an import numbers go on and names stay unique', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace('ENN', db.workspaceId)
  await bring(db, [sample.project, sample.label, sampleTask(sample, 41)])
  const { task } = await createTask(db, sample.project.id)
  expect(task.number).toBe(42)
  const { createProject, createLabel } = await db.run(
    `mutation {
      createProject(input: {key: "ENN", name: "Another"}) { errors { code } }
      createLabel(input: {name: "bug", colour: "#00ff00"}) { errors { code } }
    }`,
  )
  expect([createProject, createLabel]).toEqual([
    { errors: [{ code: 'CONFLICT' }] },
    { errors: [{ code: 'CONFLICT' }] },
  ])
})

/** Refused, with the place of the record it is about, and nothing of the batch is changed. */
async function refused(db: TestDb, records: readonly TransferRecord[]): Promise<EnneadError> {
  const before = db.stores.sql.entries.length
  const failure: unknown = await bring(db, records).catch((thrown: unknown) => thrown)
  expect(db.stores.sql.entries).toHaveLength(before)
  if (failure instanceof EnneadError) return failure
  throw new Error('it was not refused')
}

test('what differs from what is stored is refused, or kept as it is here', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace()
  const task = sampleTask(sample, 1, { version: 7 })
  await bring(db, [sample.project, sample.label, task])
  const other = sampleTask(sample, 2)
  const older = { ...task, version: 6, title: 'Another', searchText: 'another\n' }
  const failure = await refused(db, [other, older])
  expect(failure).toMatchObject({ code: 'IMPORT_CONFLICT', facts: { index: 1 } })
  expect(failure.message).toContain('version 6 in the file and stored here in version 7')
  expect(await bring(db, [other, older], 'keep')).toMatchObject({ imported: 1, kept: 1 })
  expect(stored(db)).toContainEqual(task)
})

test('a record that names what its workspace does not have is refused', async () => {
  await using db = await openTestDb()
  const [mine, theirs] = [sampleWorkspace(), sampleWorkspace()]
  await bring(db, [theirs.project, theirs.label])
  const strange = sampleTask(mine, 1, { projectId: theirs.project.id, labelIds: [] })
  expect(await refused(db, [mine.project, strange])).toMatchObject({
    code: 'IMPORT_INVALID',
    facts: { index: 1 },
  })
  expect(await refused(db, [sampleComment(sampleTask(mine, 1))])).toMatchObject({ code: 'IMPORT_INVALID' })
})

test('tasks may name tasks that come later', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace()
  const later = sampleTask(sample, 2)
  const first = sampleTask(sample, 1, { parentId: later.id })
  const outcome = await bring(db, [sample.project, sample.label, first])
  expect(outcome.missing).toEqual([{ index: 2, field: 'parentId', id: later.id }])
  expect(await bring(db, [later])).toMatchObject({ imported: 1, missing: [] })
})

test('a key or a number that another record has is refused', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace('ENN')
  await bring(db, [sample.project, sample.label, sampleTask(sample, 5)])
  const twin = sampleWorkspace('ENN', sample.workspaceId)
  expect((await refused(db, [twin.project])).message).toContain('the key ENN')
  expect((await refused(db, [sampleTask(sample, 5)])).message).toContain('number 5')
  const twice = [sampleTask(sample, 9), sampleTask(sample, 9)]
  expect(await refused(db, twice)).toMatchObject({ facts: { index: 1 } })
  // A lower number that is free is no conflict.
  expect(await bring(db, [sampleTask(sample, 3)])).toMatchObject({ imported: 1 })
})

test('receipts past their time stay out', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace()
  const hash = 'ab'.repeat(32)
  const past = {
    ...receipt(hash, '2020-01-01T00:00:00.000Z'),
    workspaceId: sample.workspaceId,
    requestHash: hash,
  }
  const answer = sampleTask(sample, 1)
  expect(await bring(db, [{ ...past, answer }])).toMatchObject({ imported: 0, same: 0, expired: 1 })
  expect(stored(db)).toEqual([])
})

test('writers who work on the same project meanwhile lose nothing and number nothing twice', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace('ENN', db.workspaceId)
  // Those who create tasks get numbers behind it, whatever comes in between.
  await bring(db, [sample.project, sample.label, sampleTask(sample, 5_000)])
  const batches = Array.from({ length: 10 }, (_, batch) =>
    Array.from({ length: 10 }, (__, index) => sampleTask(sample, 1_000 + batch * 10 + index)),
  )
  const created = Array.from({ length: 30 }, () => createTask(db, sample.project.id))
  for (const batch of batches) await bring(db, batch)
  const answers = await Promise.all(created)
  expect(answers.flatMap(answer => answer.errors)).toEqual([])
  const numbers = stored(db).flatMap(record => (record.kind === 'task' ? [record.number] : []))
  expect(numbers).toHaveLength(131)
  expect(new Set(numbers).size).toBe(131)
})

test('an export while tasks change is all of them as of the entry it names', async () => {
  await using db = await openTestDb()
  const projectId = await newProject(db)
  const ids: string[] = []
  for (let index = 0; index < 20; index++) ids.push(await newTask(db, projectId))
  const store = db.domain.current
  const head = await exportHead(store)
  const all = new Map<string, object>()
  const take = (records: readonly object[]): void => {
    for (const record of records) if ('id' in record) all.set(String(record.id), record)
  }
  for (const kind of transferKinds) {
    // In the middle of the walk: one task before it changes, one behind, and one is new.
    if (kind === 'task') {
      for (const id of [ids[0], ids[19]]) {
        await db.run(
          'mutation($id: ID!) { updateTask(input: {id: $id, title: "Changed"}) { errors { code } } }',
          { id },
        )
      }
    }
    take((await exportPage(store, kind, '')).records)
    if (kind === 'task') ids.push(await newTask(db, projectId))
  }
  const { records, seq, more } = await exportChanges(store, head.seq)
  take(records)
  expect({ seq, more }).toEqual({ seq: db.stores.sql.entries.length, more: false })
  expect([...all.values()].sort(byId)).toEqual([...(await exported(db))].sort(byId))
  expect(all.has(ids[20] ?? '')).toBe(true)
})

function byId(left: object, right: object): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1
}

test('a record with any one field spoilt is refused with the field’s name', () => {
  const sample = sampleWorkspace()
  const task = sampleTask(sample, 1)
  const lines = [sample.project, sample.label, task, sampleComment(task)].map(written)
  fc.assert(
    fc.property(fc.constantFrom(...lines), fc.nat(), fc.jsonValue(), (line, at, value) => {
      const names = Object.keys(line).filter(name => name !== 'kind')
      const name = names[at % names.length] ?? ''
      const spoilt = { ...line, [name]: value }
      try {
        // What is taken must be of the form: it is written as it was read.
        expect(written(recordIn(spoilt))).toEqual(spoilt)
      } catch (failure) {
        if (!(failure instanceof EnneadError)) throw failure
        expect(failure.code).toBe('IMPORT_INVALID')
        expect(failure.message).toContain(name)
      }
    }),
    { numRuns: 500 },
  )
})

test('a field too many or too few is refused', () => {
  const line = written(sampleTask(sampleWorkspace(), 1))
  expect(() => recordIn({ ...line, tenantId: 'x' })).toThrow('a task has no field "tenantId"')
  const { title: _, ...without } = { title: '', ...line }
  expect(() => recordIn(without)).toThrow('title is missing')
  expect(() => recordIn({ ...line, kind: 'guard' })).toThrow('kind must be one of')
})

test('principals of another workspace do not see what was imported', async () => {
  await using db = await openTestDb()
  const sample = sampleWorkspace()
  const task = sampleTask(sample, 1)
  await bring(db, [sample.project, sample.label, task])
  const query = 'query($id: ID!) { task(id: $id) { title } }'
  expect(await db.run(query, { id: task.id })).toEqual({ task: null })
  const insider = principalOf(sample.workspaceId)
  expect(await db.run(query, { id: task.id }, insider)).toEqual({ task: { title: task.title } })
})
