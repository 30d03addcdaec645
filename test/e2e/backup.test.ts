import { execFile } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { GraphQLClient } from '../../examples/thousand-tasks/graphql-client.ts'
import { listAll, signIn } from '../../examples/thousand-tasks/story.ts'
import { describeWithService, isExecutable } from '../services/availability.ts'
import { findPostgres, startPostgres } from '../services/postgres.ts'
import { demoEmail, demoPassword, findStory, tellDemoStory } from './demo.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const run = promisify(execFile)
const createTask = `mutation($input: CreateTaskInput!) { createTask(input: $input) { errors { code message } } }`
const minutes = 60_000

test(
  'a data folder that was copied while Ennead was stopped is a whole Ennead, sessions included',
  { timeout: 2 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    const [data, copy] = [join(folder.path, 'data'), join(folder.path, 'copy')]
    await using first = await startEnnead(['start', '--port', '0', '--data', data])
    const told = await tellDemoStory(first.url, data, 60)
    const token = (await runEnnead(['token', '--user', demoEmail, '--data', data])).stdout.trim()
    expect(await first.stop()).toBe(0)
    await cp(data, copy, { recursive: true })

    await using second = await startEnnead(['start', '--port', '0', '--data', copy])
    const client = new GraphQLClient(second.url)
    client.token = token
    expect(new Set(await listAll(client, told.projectId))).toEqual(told.taskIds)
    expect(await runEnnead(['doctor', '--data', copy])).toMatchObject({ code: 0 })
    expect(await second.stop()).toBe(0)
  },
)

const binaries = findPostgres()
const tools =
  binaries !== undefined &&
  ['pg_dump', 'pg_restore', 'psql'].every(name => isExecutable(join(binaries, name)))
    ? binaries
    : undefined

describeWithService('PostgreSQL with pg_dump', tools, found => {
  test(
    'what pg_dump kept is restored as docs/backup.md says, and the other store is filled from it',
    { timeout: 3 * minutes },
    async () => {
      await using folder = await temporaryFolder()
      await using server = await startPostgres(found)
      const tool = (name: string, args: readonly string[]) => run(join(found, name), [...args])
      const [data, dump] = [join(folder.path, 'data'), join(folder.path, 'ennead.dump')]
      const start = ['start', '--port', '0', '--data', data, '--database-url', server.url]
      await using first = await startEnnead(start)
      const told = await tellDemoStory(first.url, data, 60)
      // While Ennead runs: a dump is of one moment.
      await tool('pg_dump', ['--format=custom', '--schema=ennead', `--file=${dump}`, server.url])
      const client = new GraphQLClient(first.url)
      await signIn(client, { email: demoEmail, password: await demoPassword(data) })
      const later = await client.write(createTask, { input: { projectId: told.projectId, title: 'Later' } })
      expect(later.errors).toEqual([])
      expect(await first.stop()).toBe(0)

      await tool('psql', [server.url, '--command', 'drop schema if exists ennead cascade'])
      await tool('psql', [server.url, '--command', 'create extension if not exists pg_trgm schema public'])
      await tool('pg_restore', [`--dbname=${server.url}`, dump])
      const forgotten = 'update ennead.head set turn = 0, seat = null'
      await tool('psql', [server.url, '--command', forgotten])
      for (const store of ['nosql', 'cache']) await rm(join(data, 'db', store), { recursive: true })
      await using second = await startEnnead(start)
      expect(await findStory(second.url, data, told.projectId)).toEqual(told.taskIds)
      const again = new GraphQLClient(second.url)
      await signIn(again, { email: demoEmail, password: await demoPassword(data) })
      const input = { projectId: told.projectId, title: 'After the restore' }
      expect((await again.write(createTask, { input })).errors).toEqual([])
      await expect
        .poll(() => runEnnead(['doctor', '--data', data, '--database-url', server.url]), { timeout: minutes })
        .toMatchObject({ code: 0, stdout: expect.stringMatching(/nosql.* [1-9]\d* records looked at/) })
      expect(await second.stop()).toBe(0)
    },
  )
})
