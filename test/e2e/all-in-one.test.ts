import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agentNames } from '../../cli/store-settings.ts'
import { findStory, tellDemoStory } from './demo.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const minutes = 60_000

interface Health {
  readonly ready: boolean
  readonly domains: readonly {
    readonly domain: string
    readonly agents: readonly { readonly name: string; readonly state: string }[]
  }[]
}

async function agentStates(url: string): Promise<Map<string, string>> {
  const response = await fetch(new URL('/health/ready', url))
  const health = (await response.json()) as Health // The form is what this test is about.
  return new Map(
    health.domains.flatMap(({ domain, agents }) =>
      agents.map(({ name, state }) => [`${domain}.${name}`, state]),
    ),
  )
}

test(
  'a thousand tasks are created, followed, found in every way, and found again after a restart',
  { timeout: 5 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    // Nothing may be logged, and on a machine that runs other tests a query that is planned for the first time may take long.
    const given = ['start', '--port', '0', '--data', folder.path, '--request-timeout-ms', '20000']
    await using first = await startEnnead(given)
    expect(first.ready).toMatch(/^ready http:\/\/localhost:\d+\/graphql \(.*ennead token --user/)
    const told = await tellDemoStory(first.url, folder.path, 1000)
    expect(told.events).toBe(1001)
    expect(await first.stop()).toBe(0)
    expect(first.stderr()).toBe('')

    await using second = await startEnnead(given)
    expect(await findStory(second.url, folder.path, told.projectId)).toEqual(told.taskIds)
    expect(await second.stop()).toBe(0)
  },
)

/** Every agent once, one of each domain at a time. */
const absences = ['api', 'auth', 'db']
  .map(domain => agentNames.filter(name => name.startsWith(`${domain}.`)))
  .reduce<string[]>(
    (all, agents) => agents.map((agent, index) => [all[index], agent].filter(Boolean).join()),
    [],
  )

test('one agent of each domain is switched off at a time, and in the end each was', () => {
  expect(absences.flatMap(agents => agents.split(',')).sort()).toEqual([...agentNames].sort())
})

test.each(absences)('with %s switched off the same story is told', { timeout: 2 * minutes }, async agents => {
  await using folder = await temporaryFolder()
  const data = ['--data', folder.path]
  await using running = await startEnnead(['start', '--port', '0', ...data, '--disable', agents])
  const told = await tellDemoStory(running.url, folder.path, 60)
  expect(told.events).toBe(61)
  const states = await agentStates(running.url)
  expect([...states.keys()].sort()).toEqual([...agentNames].sort())
  for (const agent of agents.split(',')) expect(states.get(agent)).toBe('absent')
  expect(await running.stop()).toBe(0)
})

test(
  'with PostgreSQL killed twice in the middle the same story is told',
  { timeout: 3 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    await using running = await startEnnead(['start', '--port', '0', '--data', folder.path])
    const told = await tellDemoStory(running.url, folder.path, 300, async () => {
      const pid = await readFile(join(folder.path, 'db', 'sql', 'data', 'postmaster.pid'), 'utf8')
      process.kill(Number(pid.split('\n')[0]), 'SIGKILL')
    })
    expect(told.events).toBe(301)
    expect(await findStory(running.url, folder.path, told.projectId)).toEqual(told.taskIds)
  },
)

test(
  'what was written with a store switched off is there when it is switched on again',
  { timeout: 3 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    const tell = async (flags: readonly string[], projectId?: string): Promise<string> => {
      await using running = await startEnnead(['start', '--port', '0', '--data', folder.path, ...flags])
      if (projectId !== undefined)
        expect((await findStory(running.url, folder.path, projectId)).size).toBe(41)
      const told = await tellDemoStory(running.url, folder.path, 40)
      expect(await running.stop()).toBe(0)
      return told.projectId
    }
    const first = await tell([])
    const second = await tell(['--disable', 'db.sql'], first)
    await tell([], second)
    await tell(['--disable', 'db.nosql'], second)
  },
)

test(
  'ennead token prints a token that the gateway takes, and ennead user adds who can sign in',
  { timeout: minutes },
  async () => {
    await using folder = await temporaryFolder()
    await using running = await startEnnead(['start', '--port', '0', '--data', folder.path, '--no-demo'])
    expect(running.ready).not.toContain('demo')
    const data = ['--data', folder.path]
    const added = await runEnnead([
      'user',
      'add',
      '--email',
      'grace@example.com',
      '--workspace',
      'navy',
      '--role',
      'OWNER',
      ...data,
    ])
    expect(added).toMatchObject({ code: 0, stderr: '' })
    const token = await runEnnead(['token', '--user', 'grace@example.com', ...data])
    expect(token).toMatchObject({ code: 0, stderr: '' })
    const response = await fetch(running.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token.stdout.trim()}` },
      body: JSON.stringify({ query: '{ viewer { role workspace { slug } actor { displayName } } }' }),
    })
    expect(await response.json()).toEqual({
      data: { viewer: { role: 'OWNER', workspace: { slug: 'navy' }, actor: { displayName: 'grace' } } },
    })
    const unknown = await runEnnead(['token', '--user', 'nobody@example.com', ...data])
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toMatch(/^ennead: NOT_FOUND: .*nobody@example.com/)
    const status = await runEnnead(['status', '--url', running.url])
    expect(status.code).toBe(0)
    expect(status.stdout).toMatch(/db\.sql +ok/)
  },
)
