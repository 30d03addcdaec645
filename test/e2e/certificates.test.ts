import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { GraphQLClient } from '../../examples/thousand-tasks/graphql-client.ts'
import { signIn, tellStory } from '../../examples/thousand-tasks/story.ts'
import { startDeployment } from './deployment.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

// Each process says what it has taken in; how long a request takes is no matter here.
beforeAll(() => {
  vi.stubEnv('ENNEAD_LOG_LEVEL', 'info')
  for (const name of ['REQUEST', 'MUTATION', 'DOMAIN', 'ATTEMPT']) {
    vi.stubEnv(`ENNEAD_${name}_TIMEOUT_MS`, '30000')
  }
  // Nor how busy the machine is with other tests.
  for (const name of ['SHED', 'ESSENTIAL']) vi.stubEnv(`ENNEAD_EVENT_LOOP_${name}_MS`, '60000')
})
afterAll(() => vi.unstubAllEnvs())

const holders = ['gateway', 'api', 'auth', 'db'] as const
/** Goes through all three subgraphs. */
const query = '{ tasks(first: 3) { nodes { title url viewerCan { update } } } }'

async function certs(folder: string, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runEnnead(['certs', ...words, '--folder', folder])
  if (code !== 0) throw new Error(`certs ${words.join(' ')}: ${stderr}`)
  return stdout
}

test(
  'four processes speak TLS with each other; certificates, their authority and the hop secret are replaced under load, and no request fails',
  { timeout: 240_000 },
  async () => {
    await using data = await temporaryFolder()
    await using keys = await temporaryFolder()
    const folder = join(keys.path, 'certs')
    await certs(folder, 'init')
    for (const holder of holders) await certs(folder, 'issue', holder)
    await using deployment = await startDeployment(data.path, [], folder)
    for (const name of ['api', 'auth', 'db'] as const) expect(deployment[name].url).toMatch(/^https:/)

    const { projectId } = await tellStory(new GraphQLClient(deployment.url), { ...deployment, tasks: 100 })
    const client = new GraphQLClient(deployment.url)
    await signIn(client, deployment)
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${client.token}` }
    const failures: unknown[] = []
    let answered = 0
    const stopping = new AbortController()
    const ask = async (): Promise<void> => {
      const response = await fetch(deployment.url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query }),
      })
      const text = await response.text()
      if (text.includes('"errors"') || !text.includes('"viewerCan":{"update":true}')) failures.push(text)
      answered++
    }
    const load = Array.from({ length: 4 }, async () => {
      while (!stopping.signal.aborted) await ask()
    })
    const socket = createClient({
      url: deployment.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams: { authorization: headers.authorization },
    })
    const events: unknown[] = []
    const stopEvents = socket.subscribe(
      { query: 'subscription { taskEvents { kind task { title } } }' },
      {
        next: event => events.push(event),
        error: failure => failures.push(failure),
        complete: () => undefined,
      },
    )
    const logged = (event: string): readonly number[] =>
      holders.map(name => deployment[name].stderr().split(`"${event}"`).length - 1)
    const settled = async (event: string, times: number): Promise<void> => {
      await expect.poll(() => Math.min(...logged(event)), { timeout: 60_000 }).toBeGreaterThanOrEqual(times)
      const before = answered
      await expect.poll(() => answered, { timeout: 60_000 }).toBeGreaterThan(before + 20)
    }
    const changed = 'tls.certificate-changed'
    try {
      await certs(folder, 'renew', '--early')
      await settled(changed, 1)
      for (const step of ['introduce', 'switch', 'retire']) {
        const before = Math.max(...logged(changed))
        await certs(folder, 'rotate-ca', '--step', step)
        await settled(changed, before + 1)
      }
      const secrets = join(data.path, 'keys', 'hop')
      const old = (await readFile(secrets, 'utf8')).trim()
      const next = randomBytes(32).toString('base64url')
      for (const [step, words] of [[old, next], [next, old], [next]].entries()) {
        await writeFile(secrets, `${words.join('\n')}\n`)
        await settled('hop.secrets-changed', step + 1)
      }
      // The stream began under another authority and another secret.
      await client.write(
        'mutation ($id: ID!, $key: String!) { createTask(input: { projectId: $id, title: "under new keys" }, idempotencyKey: $key) { task { id } errors { code message } } }',
        { id: projectId, key: randomBytes(8).toString('hex') },
      )
      await expect
        .poll(() => JSON.stringify(events), { timeout: 30_000 })
        .toContain('"title":"under new keys"')
    } finally {
      stopping.abort()
      await Promise.all(load)
      stopEvents()
      await socket.dispose()
    }
    expect(failures).toEqual([])

    const own = ['--tls-ca', join(folder, 'ca.crt'), '--tls-cert', join(folder, 'gateway.crt')]
    const asked = await runEnnead([
      'status',
      '--url',
      deployment.db.url,
      ...own,
      '--tls-key',
      join(folder, 'gateway.key'),
    ])
    expect(asked.stdout).toMatch(/certificate db +valid/)
    expect(asked.code).toBe(0)
    const stranger = await runEnnead(['status', '--url', deployment.db.url])
    expect(stranger.stderr).toContain('its certificate is of an authority that is not trusted here')
  },
)

test('a process is not started with half of what TLS needs, nor with http beside it', async () => {
  await using data = await temporaryFolder()
  await using keys = await temporaryFolder()
  const folder = join(keys.path, 'certs')
  await certs(folder, 'init')
  await certs(folder, 'issue', 'db')
  const tls = ['--tls-ca', join(folder, 'ca.crt'), '--tls-cert', join(folder, 'db.crt')]
  const command = ['subgraph', 'db', '--data', data.path, '--auth-url', 'http://localhost:1', ...tls]
  await expect(startEnnead(command)).rejects.toThrow('TLS needs --tls-ca, --tls-cert and --tls-key')
  await expect(startEnnead([...command, '--tls-key', join(folder, 'db.key')])).rejects.toThrow(
    '--auth-url must begin with https:// when --tls-cert is given',
  )
})
