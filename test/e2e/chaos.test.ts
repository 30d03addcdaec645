import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { frozen, postgresPid } from '../support/processes.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const minutes = 60_000
const patient = ['--attempt-timeout-ms', '500', '--domain-timeout-ms', '4000', '--request-timeout-ms', '8000']

async function ask(url: string, data: string, query: string): Promise<unknown> {
  const token = await runEnnead(['token', '--user', 'ada@ennead.example', '--data', data])
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token.stdout.trim()}` },
    body: JSON.stringify({ query }),
  })
  return response.json()
}

const tasks = '{ tasks(first: 1) { nodes { title } } }'
const found = { data: { tasks: { nodes: [{ title: expect.any(String) }] } } }

test(
  'without --chaos faults are refused with a clear code, and nothing fails',
  { timeout: minutes },
  async () => {
    await using folder = await temporaryFolder()
    await using running = await startEnnead(['start', '--port', '0', '--data', folder.path])
    for (const flags of [['--faults', '*=error:1'], ['--clear'], []]) {
      const refused = await runEnnead(['chaos', '--data', folder.path, ...flags])
      expect(refused.code).toBe(1)
      expect(refused.stderr).toMatch(/^ennead: CHAOS_OFF: .*only one started with --chaos/)
    }
    expect(await ask(running.url, folder.path, tasks)).toEqual(found)
  },
)

test('with --chaos faults come and go as they are told', { timeout: 2 * minutes }, async () => {
  await using folder = await temporaryFolder()
  const data = ['--data', folder.path]
  await using running = await startEnnead(['start', '--port', '0', '--chaos', ...data, ...patient])
  const chaos = (...flags: readonly string[]) => runEnnead(['chaos', ...data, ...flags])

  expect(await chaos('--faults', 'db.sql=error:1,db.nosql=latency:0.5:5', '--seed', '7')).toMatchObject({
    code: 0,
  })
  expect(await ask(running.url, folder.path, tasks)).toEqual(found)
  expect((await chaos('--faults', 'db.*=error:1')).code).toBe(0)
  expect(await ask(running.url, folder.path, tasks)).toMatchObject({
    errors: [{ extensions: { code: expect.stringMatching(/UNAVAILABLE|OVERLOADED/) } }],
  })
  expect(JSON.parse((await chaos()).stdout)).toMatchObject({
    rules: [{ domain: 'db', agent: '*', kind: 'error' }],
  })
  expect(await chaos('--clear')).toMatchObject({ code: 0, stdout: '{"rules":[]}\n' })
  await expect.poll(() => ask(running.url, folder.path, tasks), { timeout: 20_000 }).toEqual(found)

  for (const wrong of ['db.sql=explode:1', 'db.none=error:1', 'db.sql=error:2']) {
    expect((await chaos('--faults', wrong)).stderr).toMatch(/^ennead: BAD_OPTION: /)
  }
})

test(
  'a subgraph of its own takes faults only when it was started with --chaos',
  { timeout: 2 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    const data = ['--data', folder.path]
    await using auth = await startEnnead(['subgraph', 'auth', '--port', '0', '--chaos', ...data])
    const flags = ['--auth-url', new URL(auth.url).origin, '--disable', 'db.sql']
    await using _db = await startEnnead(['subgraph', 'db', '--port', '0', ...data, ...flags])
    const taken = await runEnnead(['chaos', ...data, '--subgraph', 'auth', '--faults', 'auth.jwt=error:1'])
    expect(taken).toMatchObject({ code: 0, stderr: '' })
    const refused = await runEnnead(['chaos', ...data, '--subgraph', 'db', '--faults', 'db.nosql=error:1'])
    expect(refused.stderr).toMatch(/^ennead: CHAOS_OFF/)
  },
)

test(
  'with PostgreSQL frozen (SIGSTOP) reads go on, and it is taken back when it goes on',
  { timeout: 2 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    const argv = ['start', '--port', '0', '--data', folder.path, ...patient]
    await using running = await startEnnead(argv)
    expect(await ask(running.url, folder.path, tasks)).toEqual(found)
    {
      using _ice = await frozen(await postgresPid(folder.path))
      for (let round = 0; round < 5; round++)
        expect(await ask(running.url, folder.path, tasks)).toEqual(found)
    }
    const states = async (): Promise<string> => {
      await pause(100)
      return (await runEnnead(['status', '--url', running.url])).stdout
    }
    await expect.poll(states, { timeout: 30_000 }).toMatch(/db\.sql +ok/)
  },
)
