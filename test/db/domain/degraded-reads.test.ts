import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sleep, systemClock } from '../../../kernel/clock.ts'
import { EnneadError, unreachable } from '../../../kernel/errors.ts'
import type { EngineName } from '../../../subgraphs/db/engine-slot.ts'
import type { SubgraphAnswer } from '../../../subgraphs/service/subgraph-service.ts'
import type { SeatChange } from '../../../subgraphs/db/task-store.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { until } from '../../support/until.ts'
import { type TestDb, engineOf, newProject, newTask, openTestDb } from './fixture.ts'

interface Mark {
  readonly path: readonly (string | number)[]
  readonly agent: string
  readonly reason: string
  readonly ageMs: number
  readonly behind?: number
}

function marksOf({ extensions }: SubgraphAnswer): readonly Mark[] {
  const own = extensions?.['ennead'] as { readonly degraded: readonly Mark[] } | undefined
  return own?.degraded ?? []
}

/** The store answers nothing but failures from now on. */
function fail(store: MemoryTaskStore): void {
  store.before = () => Promise.reject(new EnneadError('AGENT_FAULT', 'the connection was refused'))
}

/** The store takes over nothing from now on, but answers, and votes on top of what it has. */
function lag(store: MemoryTaskStore): void {
  store.before = (operation, _attempt, input) =>
    operation === 'absorb' || (operation === 'vote' && (input as SeatChange).apply.length > 0)
      ? Promise.reject(new EnneadError('AGENT_FAULT', 'no space left'))
      : Promise.resolve()
}

function heal(store: MemoryTaskStore): void {
  store.before = undefined
}

const titleQuery = 'query($id: ID!) { task(id: $id) { title } }'
const rename = `mutation($id: ID!, $title: String!, $key: String) {
  updateTask(input: {id: $id, title: $title}, idempotencyKey: $key) { task { title project { key } } errors { code } replayed }
}`

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
    await using db = await openTestDb({ limits: { readMs: 400, readAttemptMs: 200 } })
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

type Step =
  | { readonly is: 'write' }
  /** Two stores stop following, the third takes one more write and dies. */
  | { readonly is: 'crisis' }
  | { readonly is: 'recovery' }
  | { readonly is: 'read' }
  | { readonly is: 'wait'; readonly ms: number }
  | { readonly is: 'fail' | 'lag' | 'heal'; readonly store: EngineName }

const anyStore = fc.constantFrom<EngineName>('sql', 'nosql', 'cache')
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom({ is: 'crisis' } as const, { is: 'recovery' } as const) },
  { weight: 4, arbitrary: fc.constant({ is: 'write' } as const) },
  { weight: 5, arbitrary: fc.constant({ is: 'read' } as const) },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      is: fc.constantFrom('fail' as const, 'lag' as const, 'heal' as const),
      store: anyStore,
    }),
  },
)

const staleMsMax = 500

test('whatever fails or lags, an answer is current and unmarked, or of the past and marked with its age, or an error', async () => {
  let stale = 0
  let current = 0
  const property = fc.asyncProperty(fc.array(anyStep, { minLength: 10, maxLength: 40 }), async steps => {
    await using db = await openTestDb({ limits: { copyWaitMs: 5, commitMs: 300, staleMsMax } })
    const id = await newTask(db, await newProject(db), { title: '0' })
    /** What the title was, and until when it was the newest that had been acknowledged: the history. */
    const endedAt = new Map<string, number>()
    let newest = '0'
    /** Writes whose outcome nobody knows: each may still become the newest, as long as no other write has succeeded. */
    const perhaps = new Set<string>()
    const succeed = (title: string): void => {
      for (const old of [newest, ...perhaps]) if (old !== title) endedAt.set(old, performance.now())
      newest = title
    }
    let count = 0
    const write = async (): Promise<void> => {
      const title = String(++count)
      const { data } = await db.answer(rename, { id, title })
      const payload = data?.['updateTask'] as { readonly errors: readonly unknown[] } | null | undefined
      if (payload === null || payload === undefined) perhaps.add(title)
      if (payload?.errors.length !== 0) return
      succeed(title)
      perhaps.clear()
    }
    const read = async (): Promise<void> => {
      const askedAt = performance.now()
      const answer = await db.answer(titleQuery, { id })
      const [mark] = marksOf(answer)
      const title = (answer.data?.['task'] as { readonly title: string } | null)?.title
      if (answer.errors !== undefined) expect(title).toBeUndefined()
      else if (mark === undefined) {
        expect([newest, ...perhaps]).toContain(title)
        if (title !== undefined && perhaps.delete(title)) succeed(title)
        current++
      } else {
        expect(mark).toMatchObject({ path: ['task'], reason: 'stale' })
        expect(mark.ageMs).toBeLessThanOrEqual(staleMsMax)
        // It was the truth until its successor was acknowledged at the latest, at most as long ago as the mark says.
        const passedMs = performance.now() - (endedAt.get(title ?? '') ?? performance.now())
        expect(mark.ageMs + (performance.now() - askedAt) + 1).toBeGreaterThanOrEqual(passedMs)
        stale++
      }
    }
    const run = async (step: Step): Promise<void> => {
      switch (step.is) {
        case 'write':
          return write()
        case 'read':
          return read()
        case 'wait':
          return sleep(systemClock, step.ms)
        case 'crisis':
          lag(db.stores.nosql)
          lag(db.stores.cache)
          await write()
          fail(db.stores.sql)
          return read()
        case 'recovery':
          for (const store of Object.values(db.stores)) heal(store)
          return undefined
        case 'fail':
        case 'lag':
        case 'heal':
          return { fail, lag, heal }[step.is](db.stores[step.store])
        default:
          return unreachable(step)
      }
    }
    for (const step of steps) await run(step)
    for (const store of Object.values(db.stores)) heal(store)
  })
  // Histories wait more than they work, so that four are told at a time.
  await Promise.all([1, 2, 3, 4].map(() => fc.assert(property, { numRuns: 10 })))
  // The property says nothing unless both happen.
  expect(stale).toBeGreaterThan(5)
  expect(current).toBeGreaterThan(50)
}, 60_000)

test('a limit that is none is refused', async () => {
  await expect(openTestDb({ limits: { staleMsMax: -1 } })).rejects.toThrow(
    'staleMsMax must be an integer >= 0, got -1',
  )
})
