import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { GraphQLClient } from '../../examples/thousand-tasks/graphql-client.ts'
import { signIn, tellStory } from '../../examples/thousand-tasks/story.ts'
import { startDeployment } from './deployment.ts'
import { temporaryFolder } from './running-ennead.ts'

// Each process says when it has taken a secret; how long a request takes is no matter here.
beforeAll(() => {
  vi.stubEnv('ENNEAD_LOG_LEVEL', 'info')
  for (const name of ['REQUEST', 'MUTATION', 'DOMAIN', 'ATTEMPT']) {
    vi.stubEnv(`ENNEAD_${name}_TIMEOUT_MS`, '30000')
  }
})
afterAll(() => vi.unstubAllEnvs())

/** A query that goes through all three subgraphs. */
const query = '{ tasks(first: 3) { nodes { title url viewerCan { update } } } }'

test(
  'the secret of the hops is replaced in four running processes, and no request fails meanwhile',
  { timeout: 240_000 },
  async () => {
    await using folder = await temporaryFolder()
    await using deployment = await startDeployment(folder.path, [])
    const { gateway, api, auth, db, url } = deployment
    await tellStory(new GraphQLClient(url), { ...deployment, tasks: 100 })
    const client = new GraphQLClient(url)
    await signIn(client, deployment)
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${client.token}` }
    const failures: string[] = []
    let answered = 0
    const stopping = new AbortController()
    const load = Array.from({ length: 4 }, async () => {
      while (!stopping.signal.aborted) {
        const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
        const text = await response.text()
        if (text.includes('"errors"') || !text.includes('"viewerCan":{"update":true}')) failures.push(text)
        answered++
      }
    })
    const file = join(folder.path, 'keys', 'hop')
    const old = (await readFile(file, 'utf8')).trim()
    const next = randomBytes(32).toString('base64url')
    const used = (): readonly number[] =>
      [gateway, api, auth, db].map(process => process.stderr().split('"hop.secrets-changed"').length - 1)
    try {
      for (const [step, secrets] of [[old, next], [next, old], [next]].entries()) {
        await writeFile(file, `${secrets.join('\n')}\n`)
        await expect.poll(used, { timeout: 60_000 }).toEqual(Array(4).fill(step + 1))
        const before = answered
        await expect.poll(() => answered, { timeout: 60_000 }).toBeGreaterThan(before + 20)
      }
    } finally {
      stopping.abort()
      await Promise.all(load)
    }
    expect(failures).toEqual([])
  },
)
