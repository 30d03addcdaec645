import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { recordTransfer } from '../../../cli/transfer/transfer-commands.ts'
import { systemClock } from '../../../kernel/clock.ts'
import type { Principal } from '../../../kernel/principal.ts'
import type { EngineOption } from '../../../subgraphs/db/domain-options.ts'
import { parseEncryptionKeys } from '../../../subgraphs/db/encryption/encryption-keys.ts'
import { renewPage } from '../../../subgraphs/db/encryption/renew.ts'
import { type EncryptableField, Vault, encryptableFields } from '../../../subgraphs/db/encryption/vault.ts'
import { type EngineName, engineNames } from '../../../subgraphs/db/engine-slot.ts'
import type { ExportPage } from '../../../subgraphs/db/transfer/export-records.ts'
import { transferKinds } from '../../../subgraphs/db/transfer/record-form.ts'
import type { TaskRecord } from '../../../subgraphs/db/record.ts'
import {
  createTask,
  type Data,
  engineOf,
  newProject,
  newTask,
  openTestDb,
  principalOf,
  type TestDb,
} from '../domain/fixture.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { keyLines, keysOf } from './keys-for-tests.ts'

const words = { title: 'A Title kp3v9', description: 'A Description 7xq2m', body: 'A Body w8zt4' }

/** Everything the stores hold, log and seats too. */
function stored(db: TestDb): string {
  return JSON.stringify(Object.values(db.stores), (_, value) => (value instanceof Map ? [...value] : value))
}

function vaultOf(fields: readonly EncryptableField[], lines: readonly string[]): Vault {
  return new Vault({ fields, keys: keysOf(lines) })
}

async function told(db: TestDb): Promise<{ readonly id: string; readonly project: string }> {
  const project = await newProject(db)
  const id = await newTask(db, project, { title: words.title, description: words.description })
  await db.run(
    'mutation($id: ID!, $body: String!) { addComment(input: {taskId: $id, body: $body}) { errors { code } } }',
    { id, body: words.body },
  )
  return { id, project }
}

const shown = '{ tasks { nodes { title description version comments { nodes { body } } } } }'
const whole = {
  tasks: {
    nodes: [
      {
        title: words.title,
        description: words.description,
        version: 1,
        comments: { nodes: [{ body: words.body }] },
      },
    ],
  },
}

/** Renews all records; answers how many were written anew. */
async function renewAll({ domain }: TestDb): Promise<number> {
  const { stored: raw, writer, vault } = domain
  const parts = { stored: raw, writer, vault, clock: systemClock, random: Math.random }
  let renewed = 0
  for (const kind of ['task', 'comment'] as const) {
    for (let after: string | undefined = ''; after !== undefined;) {
      const page = await renewPage(parts, kind, after)
      renewed += page.renewed
      after = page.next
    }
  }
  return renewed
}

test('people see what they wrote, and no store, log or seat holds it', async () => {
  await using db = await openTestDb({ vault: vaultOf(encryptableFields, keyLines('k1')) })
  const { id, project } = await told(db)
  expect(await db.run(shown)).toEqual(whole)
  const made = await createTask(db, project, { title: words.title, description: words.description }, 'a-key')
  const again = await createTask(db, project, { title: words.title, description: words.description }, 'a-key')
  expect(again).toMatchObject({ replayed: true, task: { id: made.task.id, title: words.title } })
  const { updateTask } = await db.run(
    'mutation($id: ID!) { updateTask(input: {id: $id, status: DONE}) { task { title description } errors { code } } }',
    { id },
  )
  expect(updateTask).toEqual({ task: { title: words.title, description: words.description }, errors: [] })
  const held = stored(db).toLowerCase()
  expect(held).toContain(id)
  for (const word of Object.values(words)) expect(held).not.toContain(word.toLowerCase())
  // The same with nothing encrypted, or this test could not fail.
  await using plain = await openTestDb()
  await told(plain)
  for (const word of Object.values(words)) expect(stored(plain)).toContain(word)
})

test('what asks for an encrypted field is refused by its name, and what is left of a search is searched', async () => {
  const lines = keyLines('k1')
  const codes = async (db: TestDb, query: string): Promise<Data> =>
    (await db.answer(query)).errors?.map(({ extensions }) => extensions?.['code'])
  {
    await using db = await openTestDb({ vault: vaultOf(['task.title', 'task.description'], lines) })
    await told(db)
    for (const query of [
      '{ tasks(filter: {title: {contains: "kp3v9"}}) { totalCount } }',
      '{ tasks(filter: {not: {or: [{title: {eq: "x"}}]}}) { nodes { id } } }',
      '{ searchTasks(query: "kp3v9") { edges { score } } }',
    ]) {
      expect(await codes(db, query), query).toEqual(['ENCRYPTED_FIELD'])
    }
  }
  await using db = await openTestDb({ vault: vaultOf(['task.description'], lines) })
  await told(db)
  const found = (query: string): Promise<Data> =>
    db.run(`{ searchTasks(query: "${query}") { edges { score } } }`)
  expect(await found('kp3v9')).toEqual({ searchTasks: { edges: [{ score: 1 }] } })
  expect(await found('7xq2m')).toEqual({ searchTasks: { edges: [] } })
  expect(await db.run('{ tasks(filter: {title: {contains: "kp3v9"}}) { totalCount } }')).toEqual({
    tasks: { totalCount: 1 },
  })
})

interface Kept {
  readonly stores: Readonly<Record<EngineName, MemoryTaskStore>>
  readonly engines: readonly EngineOption[]
}

/** Stores that outlive a domain. */
function keptStores(): Kept {
  const stores = { sql: new MemoryTaskStore(), nosql: new MemoryTaskStore(), cache: new MemoryTaskStore() }
  return { stores, engines: engineNames.map(name => engineOf(name, stores[name])) }
}

test('records are encrypted, given another key and decrypted again while people write, and none is lost', async () => {
  const { stores, engines } = keptStores()
  const [old = '', fresh = ''] = keyLines('old', 'new')
  const tasks = 120
  const held = (): readonly TaskRecord[] =>
    [...stores.sql.records.values()].flatMap(one => (one.kind === 'task' ? [one] : []))
  const byKey = (): Readonly<Record<string, number>> =>
    Object.fromEntries(
      [...Map.groupBy(held(), ({ sealed }) => sealed?.key ?? 'none')].map(([id, some]) => [id, some.length]),
    )
  {
    await using db = await openTestDb({ engines })
    const project = await newProject(db)
    const numbers = Array.from({ length: tasks }, (_, at) => at)
    await Promise.all(numbers.map(at => newTask(db, project, { title: `T${at}`, description: `D${at}` })))
  }
  const steps = [
    { vault: vaultOf(['task.description'], [old]), key: 'old' },
    { vault: vaultOf(['task.description'], [fresh, old]), key: 'new' },
    { vault: vaultOf(encryptableFields, [fresh]), key: 'new' },
    { vault: vaultOf([], [fresh]), key: 'none' },
  ]
  for (const { vault, key } of steps) {
    await using db = await openTestDb({ engines, vault })
    const renewal = { done: false }
    const writing = writeMeanwhile(db, held, renewal)
    const renewed = await renewAll(db)
    renewal.done = true
    await writing
    expect(renewed).toBeGreaterThan(0)
    expect(renewed).toBeLessThanOrEqual(tasks)
    expect(byKey()).toEqual({ [key]: tasks })
    // It was all done: going over it again finds nothing.
    expect(await renewAll(db)).toBe(0)
  }
  const kept = new Set(held().map(({ title, description }) => `${title} ${description}`))
  expect(kept).toEqual(new Set(Array.from({ length: tasks }, (_, at) => `T${at} D${at}`)))
})

/** Raises the versions of some tasks, one after the other, as people would who change them. */
async function writeMeanwhile(
  { domain }: TestDb,
  held: () => readonly TaskRecord[],
  renewal: { readonly done: boolean },
): Promise<void> {
  for (let turn = 0; !renewal.done; turn++) {
    const record = held()[turn % 7]
    if (record === undefined) throw new Error('there is no task')
    const { kind, id, version, workspaceId, updatedAt: at } = record
    const { is } = await domain.writer.commit({
      id: randomUUID(),
      workspaceId,
      actorId: workspaceId,
      at,
      expects: [{ kind, id, version }],
      puts: [{ ...domain.vault.open(record), version: version + 1 }],
      event: undefined,
    })
    expect(['committed', 'conflict']).toContain(is)
  }
}

test('without its key a record says so, is not changed, and is there again with the key', async () => {
  const { stores, engines } = keptStores()
  const [old = '', fresh = ''] = keyLines('2026-11', '2026-12')
  const asked = 'query($id: ID!) { task(id: $id) { title description } }'
  const update = 'mutation($id: ID!) { updateTask(input: {id: $id, title: "x"}) { errors { code } } }'
  const written = async (): Promise<{ readonly id: string; readonly principal: Principal }> => {
    await using db = await openTestDb({ engines, vault: vaultOf(encryptableFields, [old]) })
    return { id: (await told(db)).id, principal: principalOf(db.workspaceId) }
  }
  const { id, principal } = await written()
  const before = JSON.stringify([...stores.sql.records])
  {
    await using db = await openTestDb({ engines, vault: vaultOf(encryptableFields, [fresh]) })
    for (const operation of [asked, update]) {
      const { errors } = await db.answer(operation, { id }, principal)
      expect(errors?.[0]?.extensions?.['code']).toBe('ENCRYPTION_KEY_MISSING')
      expect(errors?.[0]?.message).toContain('2026-11')
    }
    expect(await renewAll(db)).toBe(0)
    expect(JSON.stringify([...stores.sql.records])).toBe(before)
  }
  // It turns up in the file while the process runs, which looks for it when it is needed.
  const keys = keysOf([fresh])
  keys.look = () => Promise.resolve(keys.use(parseEncryptionKeys(`${fresh}\n${old}`, 'the keys')))
  await using db = await openTestDb({ engines, vault: new Vault({ fields: encryptableFields, keys }) })
  expect(await db.run(asked, { id }, principal)).toEqual({
    task: { title: words.title, description: words.description },
  })
})

test('an export holds what is encrypted as it is stored, and is imported only where the key is', async () => {
  const [line = ''] = keyLines('2026-11')
  await using from = await openTestDb({ vault: vaultOf(encryptableFields, [line]) })
  const { project } = await told(from)
  await createTask(from, project, { title: words.title }, 'a-key')
  const exported = await recordsOf(from, false)
  for (const word of Object.values(words)) expect(JSON.stringify(exported)).not.toContain(word)
  const open = await recordsOf(from, true)
  for (const word of Object.values(words)) expect(JSON.stringify(open)).toContain(word)

  const bring = (db: TestDb, records: readonly unknown[]): Promise<unknown> =>
    ask(db, 'records/import', { records, existing: 'refuse' })
  await using without = await openTestDb()
  const refusal = await bring(without, exported).catch((failure: unknown) => failure)
  expect(refusal).toMatchObject({ code: 'ENCRYPTION_KEY_MISSING', facts: { index: 1 } })
  expect(String(refusal)).toContain('"2026-11"')
  expect(without.stores.sql.records.size).toBe(0)
  // With the key, under another one and other fields: what comes out is what was written.
  const [other = ''] = keyLines('other')
  await using to = await openTestDb({ vault: vaultOf(['comment.body'], [other, line]) })
  expect(await bring(to, exported)).toMatchObject({ imported: exported.length, missing: [] })
  expect(stored(to)).toContain(words.title)
  expect(stored(to)).not.toContain(words.body)
  expect(await recordsOf(to, true)).toEqual(open)
  // As it is stored or decrypted, it is the same and was there already.
  for (const again of [exported, open])
    expect(await bring(to, again)).toMatchObject({ imported: 0, same: exported.length })
})

async function ask(
  { domain }: TestDb,
  command: string,
  input: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  const handler = recordTransfer(domain).get(command)
  if (handler === undefined) throw new Error(`there is no ${command}`)
  return handler(input)
}

/** What an export writes of everything in the domain. */
async function recordsOf(db: TestDb, decrypt: boolean): Promise<readonly unknown[]> {
  const pages = transferKinds.map(kind => ask(db, 'records/page', { kind, afterId: '', decrypt }))
  // The handler answers a page.
  return ((await Promise.all(pages)) as readonly ExportPage[]).flatMap(({ records }) => records)
}
