import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GraphQLClient } from '../../examples/thousand-tasks/graphql-client.ts'
import { listAll, signIn, tellStory } from '../../examples/thousand-tasks/story.ts'
import { describeWithService } from '../services/availability.ts'
import { findMongo, startMongo } from '../services/mongo.ts'
import { findPostgres, startPostgres } from '../services/postgres.ts'
import { findRedis, startRedis } from '../services/redis.ts'
import { freePort, type ServiceProcess } from '../services/service-process.ts'
import { startDeployment, type Deployment } from './deployment.ts'
import { otherGatewayStory, signOutStory } from './socket-stories.ts'
import { startEnnead, temporaryFolder } from './running-ennead.ts'

const minutes = 60_000

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly {
    readonly path?: readonly unknown[]
    readonly extensions: { readonly code: string }
  }[]
}

async function post(url: string, token: string | undefined, query: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query }),
  })
  return (await response.json()) as Answer // GraphQL's response format.
}

async function tokenOf(deployment: Deployment): Promise<string> {
  const client = new GraphQLClient(deployment.url)
  await signIn(client, deployment)
  return client.token ?? ''
}

test(
  'across four processes the same story is told, and found again after all of them restarted',
  { timeout: 3 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    let projectId = ''
    let taskIds: ReadonlySet<string> = new Set()
    let password = ''
    {
      await using deployment = await startDeployment(folder.path, [])
      const told = await tellStory(new GraphQLClient(deployment.url), { ...deployment, tasks: 300 })
      expect(told.events).toBe(301)
      ;({ projectId, taskIds } = told)
      password = deployment.password
    }
    await using again = await startDeployment(folder.path, [])
    const client = new GraphQLClient(again.url)
    await signIn(client, { email: again.email, password })
    expect(new Set(await listAll(client, projectId))).toEqual(taskIds)
  },
)

test(
  'a gateway whose subgraphs are not there starts, says so, and serves them when they come',
  { timeout: minutes },
  async () => {
    await using folder = await temporaryFolder()
    const port = await freePort()
    const data = ['--data', folder.path]
    // The first plan takes its time where much else runs.
    const patient = ['--request-timeout-ms', '30000']
    const gateway = ['gateway', '--supergraph', 'schema/supergraph.graphql', '--port', '0', ...patient]
    await using alone = await startEnnead([
      ...gateway,
      '--subgraph-urls',
      `auth=http://localhost:${port}/graphql`,
    ])
    const without = await post(alone.url, undefined, '{ viewer { role } }')
    expect(without.data).toEqual({ viewer: null })
    expect(without.errors?.[0]?.extensions.code).toBe('SUBGRAPH_UNREACHABLE')
    expect(JSON.stringify(without)).not.toMatch(/localhost|ECONNREFUSED/)

    await using _auth = await startEnnead(['subgraph', 'auth', '--port', String(port), ...data])
    // It answers now; that it refuses a gateway without the deployment's secret is its answer.
    await expect
      .poll(
        async () => (await post(alone.url, undefined, '{ viewer { role } }')).errors?.[0]?.extensions.code,
        { timeout: 15_000 },
      )
      .toBe('UNAUTHENTICATED')
  },
)

describe('of four processes', () => {
  const resources = new AsyncDisposableStack()
  let deployment: Deployment
  beforeAll(async () => {
    const folder = resources.use(await temporaryFolder())
    deployment = resources.use(await startDeployment(folder.path, []))
  }, 2 * minutes)
  afterAll(() => resources.disposeAsync(), minutes)

  test(
    'a dead subgraph blanks only its own fields, and comes back by itself',
    { timeout: 3 * minutes },
    async () => {
      await tellStory(new GraphQLClient(deployment.url), { ...deployment, tasks: 10 })
      const token = await tokenOf(deployment)
      const board = '{ tasks(first: 2) { nodes { title url viewerCan { update } } } }'
      const whole = await post(deployment.url, token, board)
      expect(whole.errors).toBeUndefined()

      await deployment.api.kill()
      const { errors, data } = await post(
        deployment.url,
        token,
        '{ viewer { role } tasks(first: 1) { totalCount } node(id: "x") { id } }',
      )
      expect(data).toEqual({ viewer: { role: 'OWNER' }, tasks: { totalCount: 11 }, node: null })
      expect(errors?.map(error => [error.path, error.extensions.code])).toEqual([
        [['node'], 'SUBGRAPH_UNREACHABLE'],
      ])

      await deployment.restart('api')
      await expect.poll(() => post(deployment.url, token, board), { timeout: 15_000 }).toEqual(whole)
    },
  )

  test(
    'who signs out has its sockets closed, and other sessions follow on',
    { timeout: 2 * minutes },
    async () => {
      await expect(signOutStory(deployment)).resolves.toBeUndefined()
    },
  )

  test('a client whose gateway is killed resumes at another one', { timeout: 2 * minutes }, async () => {
    await expect(otherGatewayStory(deployment)).resolves.toBeUndefined()
  })

  test('a subgraph answers no strangers', { timeout: 2 * minutes }, async () => {
    const token = await tokenOf(deployment)
    for (const { url } of [deployment.api, deployment.auth, deployment.db]) {
      for (const query of ['{ __typename }', '{ changeLog { next } }', '{ _service { sdl } }']) {
        const answer = await post(url, token, query)
        expect(answer.data ?? null).toBeNull()
        expect(answer.errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED')
      }
    }
  })
})

const postgres = findPostgres()
const mongo = findMongo()
const redis = findRedis()
describeWithService(
  'PostgreSQL, MongoDB or Redis',
  postgres === undefined || mongo === undefined || redis === undefined
    ? undefined
    : { postgres, mongo, redis },
  found => {
    const resources = new AsyncDisposableStack()
    let stores: { readonly [name in 'postgres' | 'mongo' | 'redis']: { readonly process: ServiceProcess } }
    let deployment: Deployment
    beforeAll(async () => {
      const folder = resources.use(await temporaryFolder())
      const [postgres, mongo, redis] = [
        resources.use(await startPostgres(found.postgres)),
        resources.use(await startMongo(found.mongo)),
        resources.use(await startRedis(found.redis)),
      ]
      stores = { postgres, mongo, redis }
      const urls = ['--database-url', postgres.url, '--mongo-url', mongo.url, '--redis-url', redis.url]
      deployment = resources.use(await startDeployment(folder.path, urls))
    }, 2 * minutes)
    afterAll(() => resources.disposeAsync(), minutes)

    // Each story has a project of its own and leaves all stores running.
    test.each(['postgres', 'mongo', 'redis'] as const)(
      'on real stores, with %s killed and started again in the middle, the same story is told',
      { timeout: 4 * minutes },
      async victim => {
        let killed = false
        const told = await tellStory(new GraphQLClient(deployment.url), {
          ...deployment,
          tasks: 200,
          interrupt: async () => {
            if (!killed) await stores[victim].process.kill()
            else await stores[victim].process.start()
            // The writer's store must be back for writes to go on; the others may stay away for a while.
            if (!killed && victim === 'postgres') await stores[victim].process.start()
            killed = !(killed && victim !== 'postgres')
          },
        })
        expect(told.events).toBe(201)
      },
    )
  },
)
