import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { createConnection } from 'mongoose'
import { expect, test } from 'vitest'
import { systemClock } from '../../../kernel/clock.ts'
import { examine } from '../../../subgraphs/db/doctor/examine.ts'
import type { Examination } from '../../../subgraphs/db/doctor/finding.ts'
import { describeWithService } from '../../services/availability.ts'
import { findMongo, startMongo } from '../../services/mongo.ts'
import { findPostgres, startPostgres } from '../../services/postgres.ts'
import { findRedis, startRedis } from '../../services/redis.ts'
import { frozen } from '../../support/processes.ts'
import { until } from '../../support/until.ts'
import { newProject, newTask, openTestDb, type TestDb } from '../domain/fixture.ts'
import { rawClient } from '../sql/postgres-for-tests.ts'
import { enginesOn, type ServerUrls, sweepLimits } from './engines-on.ts'

const waitMs = 30_000
const binaries = { sql: findPostgres(), nosql: findMongo(), cache: findRedis() }
const all =
  binaries.sql === undefined || binaries.nosql === undefined || binaries.cache === undefined
    ? undefined
    : { sql: binaries.sql, nosql: binaries.nosql, cache: binaries.cache }

/** The other process, which is told lines and answers lines. */
async function startSweeping({ sqlUrl, mongoUrl, redisUrl }: ServerUrls) {
  const file = fileURLToPath(new URL('sweeping-process.ts', import.meta.url))
  const child = spawn(process.execPath, [file, sqlUrl, mongoUrl, redisUrl], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? 0,
    tell: (line: string) => void child.stdin.write(`${line}\n`),
    hear: async () => String((await lines.next()).value),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** Damages one task in each store by hand; a store of its own kind each time. */
async function damage({ sqlUrl, mongoUrl, redisUrl }: ServerUrls, ids: readonly string[]): Promise<void> {
  const [first = '', second = '', third = ''] = ids
  await using raw = rawClient({ kind: 'url', url: sqlUrl })
  await raw`update ennead.records set body = replace(body, 'A task', 'Garbled') where id = ${first}`
  const mongo = await createConnection(mongoUrl, { dbName: 'ennead' }).asPromise()
  await mongo.collection('tasks').deleteOne({ _id: second as never })
  await mongo.close()
  const redis = new Redis(redisUrl)
  const value = (await redis.hget('{ennead}:records', `task/${third}`)) ?? ''
  await redis.hset('{ennead}:records', `task/${third}`, value.replace('A task', 'Garbled'))
  redis.disconnect()
}

const look = (db: TestDb): Promise<Examination> =>
  examine({ stores: db.domain.stores(), clock: systemClock, repair: false })

describeWithService('PostgreSQL, MongoDB and Redis', all, found => {
  test('one of two processes sweeps; the other goes on when it freezes, puts right what is damaged, and the late one is refused', async () => {
    await using sql = await startPostgres(found.sql)
    await using nosql = await startMongo(found.nosql)
    await using cache = await startRedis(found.cache)
    const urls = { sqlUrl: sql.url, mongoUrl: nosql.url, redisUrl: cache.url }
    await using first = await startSweeping(urls)
    expect(await first.hear()).toBe('sweeps')
    await using db = await openTestDb({ engines: enginesOn(urls), limits: sweepLimits })
    await until('the second process stands by', () =>
      JSON.stringify(db.domain.health().background).includes('another process sweeps'),
    )
    const projectId = await newProject(db)
    const ids: string[] = []
    for (let number = 0; number < 3; number++) ids.push(await newTask(db, projectId))
    first.tell(`prepare ${ids[0]}`)
    expect(await first.hear()).toMatch(/^prepared under [1-9]/)

    {
      using _frozen = await frozen(first.pid)
      await until('the second process sweeps', () => db.domain.sweep().term !== undefined, waitMs)
      await damage(urls, ids)
      await until('what was damaged is right', async () => (await look(db)).findings.length === 0, waitMs)
      await until('it is counted', () => (db.domain.sweep().progress?.total.repaired ?? 0) >= 3, waitMs)
      first.tell('mend')
    }
    expect(await first.hear()).toBe('LEASE_LOST LEASE_LOST LEASE_LOST')
    const { findings, sweep } = await look(db)
    expect(findings).toEqual([])
    expect(sweep).toMatchObject({ running: true, term: db.domain.sweep().term })
  })
})
