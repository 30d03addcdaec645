import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { connectMongo, type MongoConnection } from '../../../subgraphs/db/agents/nosql/mongo-connection.ts'
import { MongoLog } from '../../../subgraphs/db/agents/nosql/mongo-log.ts'
import {
  logDocumentOf,
  type MongoModels,
  mongoModels,
} from '../../../subgraphs/db/agents/nosql/mongo-models.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { describeWithService } from '../../services/availability.ts'
import { findMongo, type MongoServer, startMongo } from '../../services/mongo.ts'

const entries = [1, 2, 3, 4].map(seq => entryOf(seq, commitOf(`c${seq}`, task(`task_${seq}`))))

describeWithService('MongoDB', findMongo(), command => {
  let server: MongoServer
  let databases = 0
  beforeAll(async () => {
    server = await startMongo(command)
  })
  afterAll(() => server[Symbol.asyncDispose]())

  /** A process on a database of its own, or on that of another one. */
  async function processOn(database: string): Promise<AsyncDisposable & Process> {
    const mongo = await connectMongo(server.url, database, 2_000, silentLog)
    const models = mongoModels(mongo.connection)
    const log = new MongoLog(models, mongo)
    await log.settle()
    return { mongo, models, log, [Symbol.asyncDispose]: () => mongo.connection.close() }
  }

  test('what is written into a store that was emptied a moment before is no beginning of a log', async () => {
    const database = `emptied${++databases}`
    await using one = await processOn(database)
    await one.log.absorb(entries.slice(0, 2))
    // Between a look at where the log ends and the insert.
    const { log } = one.models
    const insert = log.bulkWrite.bind(log)
    log.bulkWrite = async (...given: Parameters<typeof insert>) => {
      log.bulkWrite = insert
      await one.mongo.connection.dropDatabase()
      return insert(...given)
    }
    const written = one.log.absorb(entries.slice(2, 3)).catch(() => undefined)
    expect((await written)?.seq ?? 0).toBeLessThan(3)
    await using two = await processOn(database)
    for (const { log } of [one, two]) expect((await log.end()).seq).toBe(0)
    await two.log.absorb(entries)
    for (const { log } of [one, two]) expect((await log.end()).seq).toBe(4)
    expect(await two.models.records.get('task')?.countDocuments()).toBe(4)
  })

  test('records are not taken for complete because somebody said so before the store was emptied', async () => {
    const database = `emptied${++databases}`
    await using one = await processOn(database)
    const { marker } = one.models
    const raise = marker.updateOne.bind(marker)
    // The records of its entries are written, and the store is emptied before that is noted.
    const dropped = new Promise<void>(resolve => {
      marker.updateOne = ((...given: Parameters<typeof raise>) => {
        marker.updateOne = raise
        const query = raise(...given)
        const run = query.exec.bind(query)
        query.exec = async () => {
          await one.mongo.connection.dropDatabase()
          resolve()
          return run()
        }
        return query
      }) as typeof raise
    })
    await one.log.absorb(entries.slice(0, 3))
    await dropped
    // Somebody fills it again, and dies before the records have what the log has.
    await one.models.log.create(entries.slice(0, 2).map(logDocumentOf))
    await using two = await processOn(database)
    expect((await two.log.end()).seq).toBe(2)
    expect(await two.models.records.get('task')?.countDocuments()).toBe(2)
    await one.models.log.create(entries.slice(2, 4).map(logDocumentOf))
    await using three = await processOn(database)
    expect((await three.log.end()).seq).toBe(4)
    expect(await three.models.records.get('task')?.countDocuments()).toBe(4)
  })

  test('a read during which the store was emptied and wholly filled again shows nothing', async () => {
    const database = `emptied${++databases}`
    await using one = await processOn(database)
    await one.log.absorb(entries)
    const { life } = one.log
    await one.mongo.connection.dropDatabase()
    await using two = await processOn(database)
    await two.log.absorb(entries)
    await expect(one.log.requireUnlost(life, 4)).rejects.toMatchObject({ code: 'AGENT_FAULT' })
    await one.log.settle()
    await one.log.requireUnlost(one.log.life, 4)
    expect(one.log.life).toBe(two.log.life)
  })
})

interface Process {
  readonly mongo: MongoConnection
  readonly models: MongoModels
  readonly log: MongoLog
}
