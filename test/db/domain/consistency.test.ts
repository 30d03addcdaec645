import { expect, test } from 'vitest'
import { type Consistency, joinSessions, placeIn, sessionIn } from '../../../kernel/consistency.ts'
import type { SubgraphAnswer } from '../../../subgraphs/service/subgraph-service.ts'
import type { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { type TestDb, engineOf, hopOf, newProject, openTestDb, principalOf } from './fixture.ts'

interface Two extends AsyncDisposable {
  readonly one: TestDb
  /** Another process on the same stores, which does not look at them by itself. */
  readonly other: TestDb
  readonly id: string
  /** Every process may look at what is the same for it. */
  readonly ask: (db: TestDb, query: string, consistency?: Consistency) => Promise<SubgraphAnswer>
}

async function twoProcesses(): Promise<Two> {
  const one = await openTestDb()
  const { sql, nosql, cache } = one.stores
  const engines = [engineOf('sql', sql), engineOf('nosql', nosql), engineOf('cache', cache)]
  const member = principalOf(one.workspaceId)
  const ask: Two['ask'] = (db, query, consistency) =>
    db.service.execute({ query }, { ...hopOf(member), consistency })
  const project = await newProject(one, 'ENN', member)
  const made = await ask(
    one,
    `mutation { createTask(input: {projectId: "${project}", title: "old"}) { task { id } } }`,
  )
  const { createTask } = made.data as { readonly createTask: { readonly task: { readonly id: string } } }
  const other = await openTestDb({ engines, limits: { probeMs: 3_600_000 } })
  return {
    one,
    other,
    id: createTask.task.id,
    ask,
    async [Symbol.asyncDispose]() {
      await other[Symbol.asyncDispose]()
      await one[Symbol.asyncDispose]()
    },
  }
}

const session = (token: unknown): Consistency => ({
  level: 'session',
  session: joinSessions(undefined, token),
})
const look = (id: string): string => `{ task(id: "${id}") { title } }`
const rename = (id: string, title: string): string =>
  `mutation { updateTask(input: {id: "${id}", title: "${title}"}) { task { title } errors { code } } }`
const titled = (title: string) => ({ task: { title } })
const codes = ({ errors }: SubgraphAnswer) => errors?.map(error => error.extensions?.['code'])

/** The store answers reads as it did at this moment, and takes over nothing more. */
function lag(store: MemoryTaskStore): void {
  store.before = operation =>
    operation === 'absorb' || operation === 'vote'
      ? Promise.reject(new Error('no space left'))
      : Promise.resolve()
}

function cut(store: MemoryTaskStore): void {
  store.before = () => Promise.reject(new Error('the connection was refused'))
}

/** The store votes, but answers no reads. */
function mute(store: MemoryTaskStore): void {
  store.before = operation =>
    operation === 'read' ? Promise.reject(new Error('the connection was refused')) : Promise.resolve()
}

const wishes: readonly (readonly [what: string, wish: (token: unknown) => Consistency, tells: boolean])[] = [
  ['whoever goes on in a session', session, true],
  ['a strong read', () => ({ level: 'strong' }), false],
]
test.each(wishes)('%s sees what another process has written, or nothing', async (_what, wish, tells) => {
  await using two = await twoProcesses()
  const { one, other, id, ask } = two
  const { sql, nosql, cache } = one.stores
  lag(sql)
  const written = await ask(one, rename(id, 'new'), session(undefined))
  const token = sessionIn(written.extensions)
  mute(nosql)
  mute(cache)
  // This process does not know of it, and the store that answers does not have it.
  expect((await ask(other, look(id))).data).toEqual(titled('old'))
  const refused = await ask(other, look(id), wish(token))
  expect(refused.data).toEqual({ task: null })
  nosql.before = undefined
  const seen = await ask(other, look(id), wish(token))
  expect(seen.data).toEqual(titled('new'))
  const { epoch, seq } = one.domain.changes.position
  expect(sessionIn(seen.extensions)).toBe(tells ? `db=${epoch}:${seq}` : undefined)
})

test('a session that a store has shown something new does not go back behind it elsewhere', async () => {
  await using two = await twoProcesses()
  const { one, other, id, ask } = two
  await ask(one, rename(id, 'new'))
  // The stores have it, and this process does not know that there is more than it knows of.
  const seen = await ask(other, look(id), session(undefined))
  expect(seen.data).toEqual(titled('new'))
  const place = placeIn(String(sessionIn(seen.extensions)), 'db')
  expect(place).toMatchObject({ seq: one.domain.changes.position.seq, open: false })
})

test('without a majority a session is told an open token, with which only a process that knows all goes on', async () => {
  await using two = await twoProcesses()
  const { one, other, id, ask } = two
  const { sql, nosql } = one.stores
  const before = await ask(other, look(id), session(undefined))
  cut(sql)
  cut(nosql)
  // It knows of nothing that the session has seen and it has not.
  const alone = await ask(other, look(id), session(sessionIn(before.extensions)))
  expect(alone.data).toEqual(titled('old'))
  const token = sessionIn(alone.extensions)
  expect(placeIn(String(token), 'db')).toMatchObject({ open: true })
  expect(codes(await ask(one, look(id), session(token)))).toEqual(['UNAVAILABLE'])
  expect(codes(await ask(one, look(id), { level: 'strong' }))).toEqual(['UNAVAILABLE'])
  // Whether a place that it does not know of is expired, it cannot tell.
  const { epoch, seq } = one.domain.changes.position
  const ahead = one.domain.changes.read({ after: `${epoch}:${seq + 1}`, first: 1, waitMs: 0 })
  await expect(ahead).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  sql.before = undefined
  nosql.before = undefined
  const again = await ask(one, look(id), session(token))
  expect(again.data).toEqual(titled('old'))
  expect(placeIn(String(sessionIn(again.extensions)), 'db')).toMatchObject({ open: false })
})

test('a session of other data is told so, and what it has to begin with now', async () => {
  await using two = await twoProcesses()
  const { one, id, ask } = two
  const { epoch, seq } = one.domain.changes.position
  for (const token of [`db=elsewhere:1`, `db=${epoch}:${seq + 100}`]) {
    const refused = await ask(one, look(id), session(token))
    expect(codes(refused)).toEqual(['CURSOR_EXPIRED'])
    expect(sessionIn(refused.extensions)).toBe(`db=${epoch}:${seq}`)
    // A write is not decided on what the session could not have seen.
    expect(codes(await ask(one, rename(id, 'never'), session(token)))).toEqual(['CURSOR_EXPIRED'])
  }
  expect((await ask(one, look(id), session('db=:0'))).data).toEqual(titled('old'))
})

test('any answers from a store that is behind while others are there, and says how far that is of the past', async () => {
  await using two = await twoProcesses()
  const { one, id, ask } = two
  lag(one.stores.sql)
  await ask(one, rename(id, 'new'))
  const current = await ask(one, look(id))
  expect([current.data, current.extensions]).toEqual([titled('new'), undefined])
  const atHand = await ask(one, look(id), { level: 'any' })
  expect(atHand.data).toEqual(titled('old'))
  expect(atHand.extensions).toMatchObject({
    ennead: { degraded: [{ path: ['task'], agent: 'sql', reason: 'stale', behind: 1 }] },
  })
})
