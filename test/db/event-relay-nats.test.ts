import { setTimeout as pause } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { EventStream, positionOf, streamName, subjectOf } from '../../events/jetstream/event-stream.ts'
import { connectNats } from '../../events/jetstream/nats-connection.ts'
import { systemClock } from '../../kernel/clock.ts'
import { silentLog } from '../../kernel/log.ts'
import type { FeedEntry } from '../../subgraphs/db/change-feed.ts'
import { type EventCopy, EventRelay } from '../../subgraphs/db/event-relay.ts'
import { describeWithService } from '../services/availability.ts'
import { findNats, startNats } from '../services/nats.ts'
import { freePort } from '../services/service-process.ts'
import { until } from '../support/until.ts'
import { newProject, newTask, openTestDb, type TestDb } from './domain/fixture.ts'

describeWithService('NATS', findNats(), command => {
  const copyTo = (url: string) => async (): Promise<EventCopy> =>
    new EventStream(await connectNats({ url, name: 'a test', timeoutMs: 1_000 }))

  /** Every message of the stream: its sequence, subject, id and position. */
  async function messages(url: string) {
    const connection = await connect({ servers: url, reconnect: false })
    try {
      const { streams } = await jetstreamManager(connection)
      const { state } = await streams.info(streamName)
      const all = []
      for (let seq = 1; seq <= state.last_seq; seq++) {
        const message = await streams.getMessage(streamName, { seq })
        if (message === null) throw new Error(`message ${seq} is missing`)
        const { subject, header } = message
        all.push({ seq, subject, id: header.get('Nats-Msg-Id'), position: positionOf(message) })
      }
      return all
    } finally {
      await connection.close()
    }
  }

  async function eventsOf(db: TestDb) {
    const entries: FeedEntry[] = []
    for (let after = ':0', more = true; more;) {
      const page = await db.domain.changes.read({ after, first: 1_000, waitMs: 0 })
      entries.push(...page.entries)
      ;({ next: after, more } = page)
    }
    return entries.map(({ id, position, workspaceId }, index) => ({
      seq: index + 1,
      id,
      position,
      subject: subjectOf(workspaceId),
    }))
  }

  const relayOf = (db: TestDb) => db.domain.health().agents.find(({ name }) => name === 'events')
  const isCopied = (db: TestDb) => (): boolean =>
    relayOf(db)?.state === 'ok' && relayOf(db)?.detail.endsWith(db.domain.changes.head) === true

  test.concurrent(
    'every event is in the stream once and in order, though the broker is killed while they are written',
    async () => {
      await using server = await startNats(command)
      await using db = await openTestDb({ openEventCopy: copyTo(server.url) })
      const project = await newProject(db)
      const stop = new AbortController()
      const writing = (async () => {
        while (!stop.signal.aborted) {
          await newTask(db, project)
          await pause(10)
        }
      })()
      for (let kill = 0; kill < 2; kill++) {
        const at = db.domain.changes.head
        await until('something was written', () => db.domain.changes.head !== at, 30_000)
        await server.process.kill()
        await server.process.start()
        await until('the relay goes on', () => relayOf(db)?.state === 'ok', 30_000)
      }
      stop.abort()
      await writing
      await until('the relay has caught up', isCopied(db), 30_000)
      expect(await messages(server.url)).toEqual(await eventsOf(db))
    },
    60_000,
  )

  test.concurrent(
    'a stream that was lost is made and filled anew, and two processes fill it no differently than one',
    async () => {
      await using server = await startNats(command)
      await using db = await openTestDb({ openEventCopy: copyTo(server.url) })
      const project = await newProject(db)
      await Promise.all(Array.from({ length: 20 }, () => newTask(db, project)))
      await until('the relay has caught up', isCopied(db), 30_000)
      await server.process.stop()
      await server.empty()
      await server.process.start()
      const other = new EventRelay({
        changes: db.domain.changes,
        open: copyTo(server.url),
        clock: systemClock,
        random: Math.random,
        log: silentLog,
      })
      await Promise.all(Array.from({ length: 20 }, () => newTask(db, project)))
      const copied = (): Promise<number> =>
        messages(server.url).then(
          ({ length }) => length,
          () => 0,
        )
      await until('one of them has caught up', async () => (await copied()) === 40, 30_000)
      expect(await messages(server.url)).toEqual(await eventsOf(db))
      await other.close()
    },
    60_000,
  )

  test('a broker that is away, or no JetStream, is told to the operator and holds up nothing', async () => {
    const url = `nats://127.0.0.1:${await freePort()}`
    await using db = await openTestDb({ openEventCopy: copyTo(url) })
    await newTask(db, await newProject(db))
    const health = db.domain.health()
    expect(health.ready).toBe(true)
    const detail = (): string => health.agents.find(({ name }) => name === 'events')?.detail ?? ''
    await until('it says so', () => /does not let us in|not connected yet/.test(detail()))
    await expect(copyTo(url)()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test.concurrent('a message of somebody else at the end of the stream is not gone on behind', async () => {
    await using server = await startNats(command)
    const stream = await copyTo(server.url)()
    await stream.end()
    const connection = await connect({ servers: server.url, reconnect: false })
    await jetstream(connection).publish(subjectOf('workspace_x'), 'hello')
    await expect(stream.end()).rejects.toThrow("message 1 of the stream ENNEAD_EVENTS is none of Ennead's")
    await connection.close()
    await stream.close()
  })
})
