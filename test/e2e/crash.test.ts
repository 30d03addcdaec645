import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GraphQLClient, type Payload } from '../../examples/thousand-tasks/graphql-client.ts'
import { listAll, signIn } from '../../examples/thousand-tasks/story.ts'
import { demoEmail, demoPassword } from './demo.ts'
import { startEnnead, temporaryFolder } from './running-ennead.ts'

const minutes = 60_000
const rounds = 4
const writers = 6
const writesBeforeKill = 60

interface Created extends Payload {
  readonly task: { readonly id: string; readonly number: number } | null
  readonly replayed: boolean
}

const createTask = `mutation Create($input: CreateTaskInput!, $key: String!) {
  createTask(input: $input, idempotencyKey: $key) { task { id number } replayed errors { code message } }
}`

test(
  'after kill -9 in the middle of writes every acknowledged one is there, once',
  { timeout: 4 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    const acknowledged = new Map<string, string>()
    const open = new Set<string>()
    let projectId = ''
    for (let round = 0; round < rounds; round++) {
      await using running = await startEnnead(['start', '--port', '0', '--data', folder.path])
      const client = new GraphQLClient(running.url)
      await signIn(client, { email: demoEmail, password: await demoPassword(folder.path) })
      projectId ||= (await client.run<{ project: { id: string } }>('{ project(key: "ENN") { id } }')).project
        .id

      const listed = new Set(await listAll(client, projectId))
      expect([...acknowledged.values()].filter(id => !listed.has(id))).toEqual([])
      const write = async (key: string): Promise<void> => {
        const input = { projectId, title: `Task ${key}` }
        const payload = await client.write<Created>(createTask, { input, key })
        if (payload.task === null) throw new Error(JSON.stringify(payload.errors))
        acknowledged.set(key, payload.task.id)
        open.delete(key)
      }
      // What was on its way when the process died is asked for again with its key: done then or now, once.
      for (const key of open) await write(key)

      let count = 0
      const dead = new Promise<void>(resolve => {
        const work = async (writer: number): Promise<void> => {
          for (let index = 0; ; index++) {
            const key = `${round}-${writer}-${index}`
            open.add(key)
            await write(key)
            if (++count === writesBeforeKill) void running.kill().then(resolve)
          }
        }
        for (let writer = 0; writer < writers; writer++) work(writer).catch(() => undefined) // The server was killed.
      })
      await dead
    }
    await using last = await startEnnead(['start', '--port', '0', '--data', folder.path])
    const client = new GraphQLClient(last.url)
    await signIn(client, { email: demoEmail, password: await demoPassword(folder.path) })
    const nodes = await listAll(client, projectId)
    expect(nodes.length).toBe(new Set(nodes).size)
    expect([...acknowledged.values()].filter(id => !nodes.includes(id))).toEqual([])
    expect(new Set(acknowledged.values()).size).toBe(acknowledged.size)
    expect(acknowledged.size).toBeGreaterThanOrEqual(rounds * writesBeforeKill)
    // Three tasks of the demo, those acknowledged, and at most the ones whose answer the last kill took away.
    expect(nodes.length).toBeLessThanOrEqual(3 + acknowledged.size + open.size)
    const pid = Number(
      (await readFile(join(folder.path, 'db', 'sql', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0],
    )
    expect(() => process.kill(pid, 0)).not.toThrow()
  },
)
