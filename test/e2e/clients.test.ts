import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { Client, fetchExchange, subscriptionExchange, type ExecutionResult } from '@urql/core'
import { OperationTypeNode } from 'graphql'
import { createClient, type Client as SocketClient } from 'graphql-ws'
import { chromium } from 'playwright-core'
import { Network, Observable, type GraphQLResponse, type RequestParameters } from 'relay-runtime'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { describeWithService } from '../services/availability.ts'
import { findChromium } from '../services/chromium.ts'
import { findPython } from '../services/python.ts'
import { openTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'
import { runEnnead, startEnnead, temporaryFolder, type RunningProcess } from './running-ennead.ts'
import { demoEmail } from './demo.ts'
import { root } from '../tidy/source-files.ts'

const queryText = `query Board($first: Int) { project(key: "ENN") { id tasks(first: $first) { nodes { title } pageInfo { endCursor } } } }`
const createText = `mutation Create($input: CreateTaskInput!) { createTask(input: $input) { task { title } errors { code } } }`
const followText = `subscription Follow { taskEvents(kinds: [CREATED]) { kind task { title url assignees { displayName } } } }`

interface Board {
  readonly project: { readonly id: string; readonly tasks: { readonly nodes: readonly { title: string }[] } }
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let running: RunningProcess
let authorization: string

beforeAll(async () => {
  folder = await temporaryFolder()
  running = await startEnnead(['start', '--port', '0', '--data', folder.path])
  const { stdout } = await runEnnead(['token', '--user', demoEmail, '--data', folder.path])
  authorization = `Bearer ${stdout.trim()}`
})

afterAll(async () => {
  await running.stop()
  await folder[Symbol.asyncDispose]()
})

function openSocket(): SocketClient {
  return createClient({
    url: running.url.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: authorization },
  })
}

/** Creates tasks until one is seen by a subscription, which begins whenever it begins. */
async function createUntilSeen(
  create: (title: string) => Promise<unknown>,
  seen: readonly unknown[],
): Promise<void> {
  let count = 0
  await until(
    'an event arrives',
    async () => {
      if (seen.length === 0) await create(`Task ${++count} of a client`)
      return seen.length > 0
    },
    25_000,
  )
}

const expectedEvent = {
  taskEvents: {
    kind: 'CREATED',
    task: {
      title: expect.stringContaining('of a client'),
      url: expect.stringMatching(/\/t\/ENN-\d+$/),
      assignees: [],
    },
  },
}

test('Apollo Client pages, writes and follows the real graph', async () => {
  const socket = openSocket()
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: running.url, headers: { authorization } }),
    ),
  })
  const { data } = await client.query<Board>({ query: gql(queryText), variables: { first: 2 } })
  expect(data?.project.tasks.nodes).toHaveLength(2)
  const seen: unknown[] = []
  client.subscribe({ query: gql(followText) }).subscribe(({ data }) => seen.push(data))
  const create = (title: string): Promise<unknown> =>
    client.mutate({ mutation: gql(createText), variables: { input: { projectId: data?.project.id, title } } })
  await createUntilSeen(create, seen)
  expect(seen[0]).toMatchObject(expectedEvent)
  client.stop()
  await socket.dispose()
})

test('urql queries, writes and follows the real graph', async () => {
  const socket = openSocket()
  const client = new Client({
    url: running.url,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization } },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: request => ({
          subscribe: sink => ({
            unsubscribe: socket.subscribe(
              { ...request, query: request.query ?? '' },
              // The two libraries only differ in what they call readonly.
              { ...sink, next: answer => sink.next(answer as ExecutionResult) },
            ),
          }),
        }),
      }),
    ],
  })
  const { data } = await client.query<Board>(queryText, { first: 1 }).toPromise()
  expect(data?.project.tasks.nodes).toHaveLength(1)
  const seen: unknown[] = []
  client.subscription(followText, {}).subscribe(({ data }) => seen.push(data))
  const create = (title: string): Promise<unknown> =>
    client.mutation(createText, { input: { projectId: data?.project.id, title } }).toPromise()
  await createUntilSeen(create, seen)
  expect(seen[0]).toMatchObject(expectedEvent)
  await socket.dispose()
})

test("Relay's network layer reads a node, writes and follows the real graph", async () => {
  const socket = openSocket()
  const network = Network.create(
    async ({ text }, variables) => {
      const response = await fetch(running.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query: text, variables }),
      })
      return (await response.json()) as GraphQLResponse // The door answers GraphQL responses only.
    },
    ({ text }, variables) =>
      Observable.create<GraphQLResponse>(sink =>
        socket.subscribe(
          { query: text ?? '', variables },
          {
            // The same GraphQL response, as another library calls it.
            next: answer => sink.next(answer as GraphQLResponse),
            error: failure =>
              sink.error(failure instanceof Error ? failure : new Error(JSON.stringify(failure))),
            complete: () => sink.complete(),
          },
        ),
      ),
  )
  const compiled = (
    operationKind: 'query' | 'mutation' | 'subscription',
    text: string,
  ): RequestParameters => ({
    id: null,
    name: 'Compiled',
    metadata: {},
    providedVariables: {},
    text,
    operationKind,
    cacheID: text,
  })
  const run = (
    kind: 'query' | 'mutation',
    text: string,
    variables = {},
  ): Promise<GraphQLResponse | undefined> => network.execute(compiled(kind, text), variables, {}).toPromise()

  const found = (await run('query', queryText, { first: 1 })) as unknown as { data: Board } // As queryText asks.
  const { id } = found.data.project
  expect(
    await run('query', 'query ($id: ID!) { node(id: $id) { __typename id ... on Project { key } } }', { id }),
  ).toEqual({
    data: { node: { __typename: 'Project', id, key: 'ENN' } },
  })
  const seen: GraphQLResponse[] = []
  network
    .execute(compiled('subscription', followText), {}, {})
    .subscribe({ next: answer => seen.push(answer) })
  await createUntilSeen(title => run('mutation', createText, { input: { projectId: id, title } }), seen)
  expect(seen[0]).toMatchObject({ data: expectedEvent })
  await socket.dispose()
})

describeWithService('Chromium', findChromium(), executablePath => {
  test('a page in a browser queries, writes and follows the real graph, and goes on behind the last event after a cut', async () => {
    await using browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
    const page = await browser.newPage()
    await using proxy = await openTcpProxy('127.0.0.1', Number(new URL(running.url).port))
    await page.goto(`http://127.0.0.1:${proxy.port}/health/live`)
    // graphql-ws as a page loads it from a CDN.
    await page.evaluate(await readFile(join(root, 'node_modules/graphql-ws/umd/graphql-ws.js'), 'utf8'))
    const seen: { readonly taskEvents: { readonly task: { readonly title: string } } }[] = []
    await page.exposeFunction('saw', (data: (typeof seen)[number]) => void seen.push(data))
    await page.evaluate(`
      const client = graphqlWs.createClient({
        url: location.origin.replace('http', 'ws') + '/graphql',
        connectionParams: { Authorization: ${JSON.stringify(authorization)} },
        retryAttempts: 50,
        retryWait: () => new Promise(resolve => setTimeout(resolve, 20)),
      })
      const payload = { query: ${JSON.stringify(followText)}, extensions: {} }
      client.subscribe(payload, {
        next(result) {
          payload.extensions = { after: result.extensions.cursor }
          saw(result.data)
        },
        error: failure => saw(failure),
        complete: () => saw('complete'),
      })
      globalThis.run = async (query, variables) => {
        for await (const { data } of client.iterate({ query, variables })) return data
      }
    `)
    const run = (query: string, variables: object): Promise<unknown> =>
      page.evaluate(`run(${JSON.stringify(query)}, ${JSON.stringify(variables)})`)
    // As queryText asks.
    const { project } = (await run(queryText, { first: 1 })) as Board
    const create = (title: string) => run(createText, { input: { projectId: project.id, title } })
    await createUntilSeen(create, seen)
    expect(seen[0]).toMatchObject(expectedEvent)
    const count = seen.length
    proxy.reset()
    for (const title of ['one', 'two', 'three']) await create(title)
    await until('all are here', () => seen.at(-1)?.taskEvents.task.title === 'three', 20_000)
    expect(seen.slice(-3).map(({ taskEvents }) => taskEvents.task.title)).toEqual(['one', 'two', 'three'])
    expect(new Set(seen.map(each => JSON.stringify(each))).size).toBe(seen.length)
    expect(seen.length).toBeGreaterThanOrEqual(count + 3)
  })
})

describeWithService('Python with websockets', findPython(), python => {
  test('a client in Python queries, writes and follows the real graph, and goes on behind the last event', async () => {
    const script = join(root, 'test/clients/story.py')
    const url = running.url.replace('http', 'ws')
    const { stdout } = await promisify(execFile)(python, [script, url, authorization])
    // What the script says.
    const { created, told, first } = JSON.parse(stdout) as {
      created: string[]
      told: string[]
      first: unknown
    }
    expect(first).toMatchObject(expectedEvent)
    expect(told.length).toBeGreaterThanOrEqual(5)
    expect(told).toEqual(created.slice(-told.length))
  }, 90_000)
})

test('curl and a browser page get what they expect of GraphQL over HTTP', async () => {
  const query = encodeURIComponent('{ viewer { role } }')
  const got = await fetch(`${running.url}?query=${query}`, {
    headers: { authorization, accept: 'application/json' },
  })
  expect(await got.json()).toEqual({ data: { viewer: { role: 'OWNER' } } })
  const page = await fetch(running.url, { headers: { accept: 'text/html' } })
  expect(page.headers.get('content-type')).toContain('text/html')
  const stranger = await fetch(running.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer nonsense' },
    body: JSON.stringify({ query: '{ viewer { role } }' }),
  })
  expect(stranger.status).toBe(401)
})
