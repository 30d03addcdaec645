import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { clientId, clientSecret, redirectUri, startRealProvider } from '../auth/real-provider.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'
import { randomTenantOperation } from './tenant-operations.ts'
import type { Tenant } from './tenant-operations.ts'

/** `ENNEAD_TENANT_OPERATIONS=10000 npx vitest run test/e2e/random-tenants.test.ts` for a long run. */
const operations = Number(process.env['ENNEAD_TENANT_OPERATIONS'] ?? 600)
const seed = Number(process.env['ENNEAD_SEED'] ?? 1)
const followTasks = 'subscription { taskEvents { cursor kind actor { id } task { id title } } }'
// Not `projectId`: of a role it is what its own workspace has named, whoever has a project with that id.
const followSecurity = `subscription { securityEvents { cursor entry { id kind threat actor { id displayName } by { id displayName }
  sessionId keyId invitationId address } } }`
const clients = 6
const patient = 1_200_000

function providersText(issuer: string): string {
  return `providers:
  - name: idp
    label: The IdP
    issuer: ${issuer}
    clientId: ${clientId}
    clientSecretFile: secret
    redirectUris: [${redirectUri}]
`
}

async function openTenants(folder: string): Promise<Tenant[]> {
  const tenants: Tenant[] = []
  for (const name of ['navy', 'army', 'corps']) {
    const [email, data] = [`owner@${name}.example`, ['--data', folder]]
    await runEnnead(['user', 'add', '--email', email, '--workspace', name, '--role', 'OWNER', ...data])
    const token = (await runEnnead(['token', '--user', email, ...data])).stdout.trim()
    tenants.push({ name, token, marker: `secret-${name}`, ids: new Map(), cursors: [] })
  }
  return tenants
}

/** What of `text` is of a tenant that did not ask, and was not in the question. */
function leaksIn(
  text: string,
  asker: Tenant,
  tenants: readonly Tenant[],
  question: string,
): readonly string[] {
  return tenants
    .filter(other => other !== asker)
    .flatMap(other => [other.marker, ...[...other.ids.values()].flat()])
    .filter(foreign => text.includes(foreign) && !question.includes(foreign))
}

test(
  'random operations of three tenants with each other’s ids, keys and cursors leak nothing',
  { timeout: patient },
  async () => {
    await using folder = await temporaryFolder()
    await using provider = await startRealProvider()
    const providers = join(folder.path, 'providers.yaml')
    await writeFile(providers, providersText(provider.issuer))
    await writeFile(join(folder.path, 'secret'), `${clientSecret}\n`)
    const unhurried = ['request', 'mutation', 'domain', 'attempt'].flatMap(what => [
      `--${what}-timeout-ms`,
      '30000',
    ])
    await using running = await startEnnead([
      'start',
      '--port',
      '0',
      '--data',
      folder.path,
      '--no-demo',
      '--sign-in-providers',
      providers,
      ...unhurried,
    ])
    const tenants = await openTenants(folder.path)
    const heard = tenants.map(tenant => {
      const events: string[] = []
      const client = createClient({
        url: running.url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        connectionParams: { authorization: `Bearer ${tenant.token}` },
      })
      const securityEvents: string[] = []
      for (const [query, into] of [
        [followTasks, events],
        [followSecurity, securityEvents],
      ] as const)
        client.subscribe(
          { query },
          {
            next: event => into.push(JSON.stringify(event)),
            error: () => undefined,
            complete: () => undefined,
          },
        )
      return { tenant, events, securityEvents, client }
    })
    const random = seededRandom(seed)
    const leaks: unknown[] = []
    const succeeded = new Map<string, number>()
    let left = operations
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const { asker, kind, body, take } = randomTenantOperation(tenants, random)
        const response = await fetch(running.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${asker.token}` },
          body,
        })
        const text = await response.text()
        const found = leaksIn(text, asker, tenants, body)
        // Who shows the secret of an invitation is told that it is not for them.
        const forbidden = kind !== 'signIn' && text.includes('"FORBIDDEN"')
        if (found.length > 0 || forbidden) leaks.push({ asker: asker.name, body, text, found })
        if (take(text)) succeeded.set(kind, (succeeded.get(kind) ?? 0) + 1)
      }
    }
    await Promise.all(Array.from({ length: clients }, work))
    expect(leaks.slice(0, 3)).toEqual([])
    for (const { tenant, events, securityEvents, client } of heard) {
      // An event may come before the answer that tells the id; at the end all ids are known.
      const told = [...events, ...securityEvents].join('\n')
      expect([tenant.name, leaksIn(told, tenant, tenants, '')]).toEqual([tenant.name, []])
      expect(events.length).toBeGreaterThan(0)
      expect(securityEvents.length).toBeGreaterThan(0)
      await client.dispose()
    }
    // Had nothing worked, nothing could have leaked.
    expect([...succeeded.keys()].sort()).toEqual(
      [
        'addComment',
        'change',
        'changeAccount',
        'createAccount',
        'createKey',
        'createLabel',
        'createProject',
        'createTask',
        'invite',
        'list',
        'read',
        'search',
        'updateTask',
      ].sort(),
    )
  },
)

test('what is of another tenant is seen as a leak, unless the question named it', () => {
  const tenant = (name: string, task: string): Tenant => ({
    name,
    token: '',
    marker: `secret-${name}`,
    ids: new Map([['Task', [task]]]),
    cursors: [],
  })
  const [navy, army] = [tenant('navy', 'task_1'), tenant('army', 'task_2')]
  expect(leaksIn('secret-navy task_1', navy, [navy, army], '')).toEqual([])
  expect(leaksIn('{"title":"secret-army 7"}', navy, [navy, army], '')).toEqual(['secret-army'])
  expect(leaksIn('there is no task_2', navy, [navy, army], 'task_2')).toEqual([])
  expect(leaksIn('{"id":"task_2"}', navy, [navy, army], 'task_1')).toEqual(['task_2'])
})
