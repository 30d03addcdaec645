import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { createConnection } from 'mongoose'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { describeWithService } from './availability.ts'
import { findMongo, startMongo } from './mongo.ts'
import { findNats, startNats } from './nats.ts'
import { findPostgres, startPostgres } from './postgres.ts'
import { findRedis, startRedis } from './redis.ts'

describeWithService('PostgreSQL', findPostgres(), binaries => {
  test('a PostgreSQL of a test keeps what was written when it is killed and started again', async () => {
    await using server = await startPostgres(binaries)
    const sql = postgres(server.url, { max: 1, onnotice: () => {} })
    await sql`create table words (word text)`
    await sql`insert into words values ('kept')`
    await sql.end()
    await server.process.kill()
    await server.process.start()
    const again = postgres(server.url, { max: 1 })
    expect([...(await again`select word from words`)]).toEqual([{ word: 'kept' }])
    await again.end()
  })
})

describeWithService('Redis', findRedis(), command => {
  test('a Redis of a test keeps what was written when it is killed and started again', async () => {
    await using server = await startRedis(command)
    const client = new Redis(server.url)
    client.on('error', () => {})
    await client.set('word', 'kept')
    client.disconnect()
    await server.process.kill()
    await server.process.start()
    const again = new Redis(server.url)
    expect(await again.get('word')).toBe('kept')
    again.disconnect()
  })
})

describeWithService('MongoDB', findMongo(), command => {
  test('a MongoDB of a test keeps what was written when it is killed and started again', async () => {
    await using server = await startMongo(command)
    const first = await createConnection(server.url).asPromise()
    await first.collection('words').insertOne({ word: 'kept' }, { writeConcern: { w: 1, journal: true } })
    await first.close(true)
    await server.process.kill()
    await server.process.start()
    const again = await createConnection(server.url).asPromise()
    expect(await again.collection('words').findOne({})).toMatchObject({ word: 'kept' })
    await again.close(true)
  })
})

describeWithService('NATS', findNats(), command => {
  test('a NATS of a test keeps what it acknowledged when it is killed and started again, until it is emptied', async () => {
    await using server = await startNats(command)
    const first = await connect({ servers: server.url, reconnect: false })
    await (await jetstreamManager(first)).streams.add({ name: 'WORDS', subjects: ['words'] })
    await jetstream(first).publish('words', 'kept')
    await first.close()
    await server.process.kill()
    await server.process.start()
    const again = await connect({ servers: server.url, reconnect: false })
    const streams = (await jetstreamManager(again)).streams
    expect((await streams.getMessage('WORDS', { seq: 1 }))?.string()).toBe('kept')
    await again.close()
    await server.process.stop()
    await server.empty()
    await server.process.start()
    const emptied = await connect({ servers: server.url, reconnect: false })
    expect(await (await jetstreamManager(emptied)).streams.names().next()).toEqual([])
    await emptied.close()
  })
})
