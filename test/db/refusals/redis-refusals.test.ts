import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { openRedisCache } from '../../../subgraphs/db/agents/cache/redis-cache.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt } from '../../contract/store-under-test.ts'
import { describeWithService } from '../../services/availability.ts'
import { findRedis, type RedisServer, startRedis } from '../../services/redis.ts'

const entry = entryOf(1, commitOf('c1', task('task_1')))

describeWithService('Redis', findRedis(), command => {
  let server: RedisServer
  let client: Redis
  beforeAll(async () => {
    server = await startRedis(command)
    client = new Redis(server.url)
  })
  afterAll(async () => {
    client.disconnect()
    await server[Symbol.asyncDispose]()
  })

  const open = (url: string) =>
    openRedisCache({ url, prefix: 'ennead', connectTimeoutMs: 1_000, log: silentLog })
  const said = (text: string) => ({ code: 'AGENT_FAULT', message: expect.stringContaining(text) })

  test('a wrong password is said, not that nobody is there', async () => {
    await client.acl('SETUSER', 'ennead', 'on', '>right', '~*', '&*', '+@all')
    const wrong = server.url.replace('//', '//ennead:wrong@')
    await expect(open(wrong)).rejects.toMatchObject(said('refused the user or the password'))
    await expect(open(wrong)).rejects.not.toThrow(/wrong@|right/)
  })

  test('rights that are taken away while it runs are said, and it goes on when they are back', async () => {
    await client.acl('SETUSER', 'ennead', 'on', '>right', '~*', '&*', '+@all')
    const engine = await open(server.url.replace('//', '//ennead:right@'))
    const absorb = () => engine.operations.absorb?.([entry], attempt())
    try {
      await client.acl('SETUSER', 'ennead', '-evalsha', '-eval')
      await expect(absorb()).rejects.toMatchObject(said('does not allow the user to do this'))
      await client.acl('SETUSER', 'ennead', '+@all')
      expect(await absorb()).toMatchObject({ seq: 1 })
    } finally {
      await engine.close()
    }
  })
})
