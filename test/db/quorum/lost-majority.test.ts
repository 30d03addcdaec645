import { expect, test } from 'vitest'
import { systemClock } from '../../../kernel/clock.ts'
import { silentLog } from '../../../kernel/log.ts'
import { textOf } from '../../../cli/doctor/doctor-report.ts'
import { examine } from '../../../subgraphs/db/doctor/examine.ts'
import type { ClosedStore, OpenStore } from '../../../subgraphs/db/doctor/examined-store.ts'
import { forgetStores } from '../../../subgraphs/db/doctor/forget-stores.ts'
import { foundOn } from '../../../subgraphs/db/doctor/found-on.ts'
import { type EngineName, engineNames } from '../../../subgraphs/db/engine-slot.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { commitOf, task } from '../../contract/sample-records.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { until } from '../../support/until.ts'
import { inspected } from '../doctor/inspected-memory.ts'
import { type TestDb, engineOf, newProject, openTestDb } from '../domain/fixture.ts'

type Stores = Readonly<Record<EngineName, MemoryTaskStore>>

/** Three stores that have decided one commit together and were stopped. */
async function decided(): Promise<Stores> {
  const stores = { sql: new MemoryTaskStore(), nosql: new MemoryTaskStore(), cache: new MemoryTaskStore() }
  await using db = await openTestDb({ engines: enginesOf(stores) })
  await db.domain.writer.commit(commitOf('c1', task('task_a')))
  await until('all have it', () => Object.values(stores).every(({ entries }) => entries.length === 1))
  return stores
}

function enginesOf(stores: Partial<Stores>) {
  return engineNames.map(name => {
    const store = stores[name]
    return store === undefined ? { name, absent: 'switched off' } : engineOf(name, store)
  })
}

/** The stores as a stopped Ennead leaves them to doctor. */
function lying(stores: Stores, away: readonly EngineName[] = []) {
  const all = engineNames.map((name): OpenStore | ClosedStore =>
    away.includes(name) ? { name, why: 'nobody listens there' } : { name, engine: inspected(stores[name]) },
  )
  return { stores: all, clock: systemClock, random: seededRandom(1), log: silentLog }
}

const mutation = 'mutation { createProject(input: {key: "X", name: "x"}) { errors { code message } } }'
const refusalOf = async (db: TestDb): Promise<string> =>
  (await db.run(mutation)).createProject.errors[0]?.message

test('two stores that lost their data: writes, health and doctor say so and the way out, and it is one', async () => {
  const stores = await decided()
  stores.nosql.clear()
  stores.cache.clear()
  const way = 'restore a backup, or go on with what sql holds by ennead doctor --found-on sql'
  {
    await using db = await openTestDb({ engines: enginesOf(stores) })
    const told = await refusalOf(db)
    for (const part of ['sql is there', 'nosql lost its data', 'cache lost its data', way])
      expect(told).toContain(part)
    const { ready, reason } = db.domain.health()
    expect([ready, reason]).toEqual([false, told])
    await until(
      'they are filled again',
      () => stores.cache.entries.length + stores.nosql.entries.length === 2,
    )
  }
  const found = await examine({ ...lying(stores), repair: false })
  expect(found.findings.map(({ store, what }) => `${store} ${what}`)).toEqual(['nosql vote', 'cache vote'])
  expect(textOf({ ...found, repaired: [], users: [] })).toContain(
    `votes  no majority: nosql and cache lost their data`,
  )
  await foundOn({ ...lying(stores), on: 'sql', gone: [] })
  await using db = await openTestDb({ engines: enginesOf(stores) })
  await newProject(db)
  await until('all vote', () => Object.values(stores).every(({ seat }) => seat?.voting === true))
  const { votes, findings } = await examine({ ...lying(stores), repair: false })
  expect([votes.says, findings]).toEqual(['sql, nosql and cache decide', []])
})

test('what the store that is left had voted for is there after that, although no store showed it', async () => {
  const stores = await decided()
  const { seat, entries } = stores.nosql
  const [first] = entries
  if (seat === undefined || first === undefined) throw new Error('nothing was decided')
  const position = { epoch: first.position.epoch, seq: 2 }
  const entry = { position, commit: commitOf('c2', task('task_b')) }
  const accepted = { ballot: seat.promised, step: 9, base: stores.nosql.head(), entries: [entry] }
  stores.nosql.seat = { ...seat, turn: seat.turn + 1, accepted }
  stores.sql.clear()
  stores.cache.clear()
  await foundOn({ ...lying(stores), on: 'nosql', gone: [] })
  expect(stores.nosql.entries.map(({ commit }) => commit.id)).toEqual(['c1', 'c2'])
})

test('a deployment is founded anew only where that is needed, and on the store that holds most', async () => {
  const stores = await decided()
  const before = structuredClone(stores.sql.seat)
  const refusal = (on: EngineName, away: readonly EngineName[] = [], gone: readonly EngineName[] = []) =>
    foundOn({ ...lying(stores, away), on, gone }).then(
      () => 'done',
      (failure: unknown) => (failure instanceof EnneadError ? `${failure.code} ${failure.message}` : failure),
    )
  expect(await refusal('sql')).toContain('BAD_OPTION sql, nosql and cache decide')
  stores.nosql.clear()
  expect(await refusal('sql')).toContain('BAD_OPTION sql and cache decide')
  const doubt = 'BAD_OPTION cache may hold what was acknowledged last: start it, or say with --forget cache'
  expect(await refusal('sql', ['cache'])).toContain(doubt)
  expect(await refusal('cache', ['cache'], ['cache'])).toContain(
    'nothing can be founded on cache: nobody listens',
  )
  expect(await refusal('nosql', ['cache'], ['cache'])).toContain(
    'sql holds more than nosql (its log goes to 1, not 0)',
  )
  expect(stores.sql.seat).toEqual(before)
  expect(await refusal('sql', ['cache'], ['cache'])).toBe('done')
  // It comes back after all: what it had voted for counts no more, and it gets a vote of its own.
  await using db = await openTestDb({ engines: enginesOf(stores) })
  await newProject(db)
  await until('all vote', () =>
    engineNames.every(name => stores[name].seat?.roster.members.cache !== undefined),
  )
})

test('a store that is gone is forgotten by the others while they run, and one that is there is not', async () => {
  const stores = await decided()
  const { cache: _, ...left } = stores
  {
    await using db = await openTestDb({ engines: enginesOf(left) })
    await db.domain.forget('cache')
    await newProject(db)
    expect(Object.keys(stores.nosql.seat?.roster.members ?? {})).toEqual(['sql', 'nosql'])
    await expect(db.domain.forget('nosql')).rejects.toMatchObject({
      code: 'BAD_OPTION',
      message: expect.stringContaining('nosql is there and would have its vote again at once: switch it off'),
    })
  }
  // Of two both are needed, so that the other one must agree; while it is away, it cannot.
  await using db = await openTestDb({ engines: enginesOf({ sql: stores.sql }) })
  await expect(db.domain.forget('nosql')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining(
      'nosql is a member and takes no part by the settings; start nosql; if it is gone',
    ),
  })
})

test('stores are forgotten down to the last one, which decides alone, and get their votes again when they are back', async () => {
  const stores = await decided()
  await forgetStores({ ...lying(stores), names: ['cache', 'nosql'] })
  await expect(forgetStores({ ...lying(stores), names: ['sql'] })).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: 'sql is the only store that decides; it cannot be forgotten',
  })
  {
    await using db = await openTestDb({ engines: enginesOf({ sql: stores.sql }) })
    await newProject(db)
  }
  await using db = await openTestDb({ engines: enginesOf(stores) })
  await until('all decide', () =>
    engineNames.every(name => Object.keys(stores[name].seat?.roster.members ?? {}).length === 3),
  )
  await newProject(db, 'NEW')
})

test('a store that was announced and not seated, when its process died, is seated by the next one', async () => {
  const stores = await decided()
  await forgetStores({ ...lying(stores), names: ['cache', 'nosql'] })
  stores.nosql.clear()
  const two = { sql: stores.sql, nosql: stores.nosql }
  {
    // Its seat is made, and the one vote that would seat it never arrives.
    stores.nosql.before = (operation, _attempt, input) => {
      const isSeated = operation === 'vote' && (input as { next: { voting: boolean } }).next.voting
      return isSeated ? Promise.reject(new Error('the process was killed')) : Promise.resolve()
    }
    await using _db = await openTestDb({ engines: enginesOf(two) })
    await until('it is announced', () => stores.sql.seat?.roster.members.nosql !== undefined)
  }
  stores.nosql.before = undefined
  await using db = await openTestDb({ engines: enginesOf(two) })
  await until('both decide', () => db.domain.health().ready)
  await newProject(db)
  expect(stores.nosql.seat?.voting).toBe(true)
})
