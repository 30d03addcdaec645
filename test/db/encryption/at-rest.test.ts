import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EventStream } from '../../../events/jetstream/event-stream.ts'
import { connectNats } from '../../../events/jetstream/nats-connection.ts'
import { silentLog } from '../../../kernel/log.ts'
import { openRedisCache } from '../../../subgraphs/db/agents/cache/redis-cache.ts'
import { openMongoStore } from '../../../subgraphs/db/agents/nosql/mongo-store.ts'
import { startEmbeddedPostgres } from '../../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import type { EngineOption } from '../../../subgraphs/db/domain-options.ts'
import { Vault } from '../../../subgraphs/db/encryption/vault.ts'
import { describeWithService } from '../../services/availability.ts'
import { findMongo, startMongo } from '../../services/mongo.ts'
import { findNats, startNats } from '../../services/nats.ts'
import { findRedis, startRedisIn } from '../../services/redis.ts'
import { until } from '../../support/until.ts'
import { createTask, newProject, openTestDb } from '../domain/fixture.ts'
import { connectionTo, testFolder } from '../sql/postgres-for-tests.ts'
import { filesWith } from './files-with.ts'
import { keyLines, keysOf } from './keys-for-tests.ts'

const servers = [findMongo(), findRedis(), findNats()] as const
const [mongoCommand, redisCommand, natsCommand] = servers
const all =
  mongoCommand === undefined || redisCommand === undefined || natsCommand === undefined
    ? undefined
    : { mongoCommand, redisCommand, natsCommand }

describeWithService('MongoDB, Redis or NATS', all, ({ mongoCommand, redisCommand, natsCommand }) => {
  test(
    'PostgreSQL, MongoDB, Redis and NATS have what is encrypted in none of their files',
    { timeout: 60_000 },
    async () => {
      await using folder = await testFolder()
      const postgres = await startEmbeddedPostgres({ directory: join(folder.path, 'postgres') })
      await using _stopped = { [Symbol.asyncDispose]: () => postgres.stop() }
      await using mongo = await startMongo(mongoCommand, folder.path)
      await using redis = await startRedisIn(folder.path, redisCommand)
      await using nats = await startNats(natsCommand, folder.path)
      const engines: readonly EngineOption[] = [
        { name: 'sql', open: () => openSqlStore({ connection: connectionTo(postgres), log: silentLog }) },
        { name: 'nosql', open: () => openMongoStore({ url: mongo.url, log: silentLog }) },
        { name: 'cache', open: () => openRedisCache({ url: redis.url, prefix: 'ennead', log: silentLog }) },
      ]
      const [line = ''] = keyLines('2026-11')
      const vault = new Vault({ fields: ['task.description', 'comment.body'], keys: keysOf([line]) })
      const openEventCopy = async () => new EventStream(await connectNats({ url: nats.url, name: 'a test' }))
      await using db = await openTestDb({ engines, vault, openEventCopy })
      const project = await newProject(db)
      const words = { title: 'opentitle4hx7k', description: 'closeddescription9wq2', body: 'closedbody5tz8r' }
      const { title, description, body } = words
      const { task } = await createTask(db, project, { title, description }, 'a-key')
      const { id } = task
      await db.run(
        'mutation($id: ID!, $body: String!) { addComment(input: {taskId: $id, body: $body}) { errors { code } } }',
        { id, body },
      )
      const { task: read } = await db.run(
        'query($id: ID!) { task(id: $id) { description comments { nodes { body } } } }',
        { id },
      )
      expect(read).toEqual({ description, comments: { nodes: [{ body }] } })
      const agents = () => db.domain.health().agents
      const isLevel = (detail: string): boolean =>
        detail.endsWith(', at 3') || detail.endsWith(db.domain.changes.head)
      await until('all have caught up', () => agents().every(({ detail }) => isLevel(detail)), 30_000)

      // What is not encrypted is there, so that this would find the rest, too.
      const places = async (text: string): Promise<readonly string[]> =>
        [
          ...new Set(
            (await filesWith(folder.path, text)).map(
              path => /(postgres|mongo|redis|nats)/.exec(path)?.[1] ?? path,
            ),
          ),
        ].sort()
      expect(await places(title)).toEqual(['mongo', 'postgres', 'redis'])
      expect(await places(id)).toEqual(['mongo', 'nats', 'postgres', 'redis'])
      for (const secret of [description, body, line.split(':')[1] ?? '']) {
        expect(await filesWith(folder.path, secret)).toEqual([])
      }
    },
  )
})
