import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buildSubgraphSchema } from '@apollo/subgraph'
import { graphql, parse } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { startEnnead, temporaryFolder } from '../e2e/running-ennead.ts'
import type { RunningProcess } from '../e2e/running-ennead.ts'
import { composeForTest } from './federated.ts'
import type { Resolvers } from './federated.ts'

const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@cost", "@listSize"])`

const people = `
  type Query {
    me: User
    "A list without a directive; its argument is what most graphs call it."
    users(first: Int): [User]
    sized(first: Int): [User] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
    secret: String
    big(bytes: Int!): String
  }
  type Mutation { add(name: String): Int }
  type Subscription { ticks(every: Int = 20): Int }
  type User @key(fields: "id") { id: ID! name: String friends(first: Int): [User] friend: User }
`
const scores = `type Query { best: Int } type User @key(fields: "id") { id: ID! score: Int }`

const user = (id: unknown): object => ({ id, name: `user ${String(id)}`, friend: () => user(Number(id) + 1) })
let added = 0

const resolvers: Readonly<Record<string, Resolvers>> = {
  people: {
    Query: {
      me: () => user(1),
      users: (_root, { first }: { first?: number }) => Array.from({ length: first ?? 3 }, (_, n) => user(n)),
      secret: () => {
        throw new Error('connect postgres://admin:hunter2@db.internal')
      },
      big: (_root, { bytes }: { bytes: number }) => 'x'.repeat(bytes),
    },
    Mutation: { add: () => ++added },
    User: {
      friends: (_root, { first }: { first?: number }) =>
        Array.from({ length: first ?? 3 }, (_, n) => user(n)),
    },
    Subscription: {
      ticks: {
        async *subscribe(_root: unknown, { every }: { every: number }) {
          for (let n = 0; ; n++) {
            yield { ticks: n }
            await new Promise(resolve => setTimeout(resolve, every))
          }
        },
      },
    },
  },
  scores: { Query: { best: () => 42 }, User: { score: () => 7 } },
}

/** What a subgraph does instead of answering. */
export type Misbehaviour = (response: ServerResponse, request: IncomingMessage) => void

export interface MisbehavingSubgraph {
  readonly url: string
  /** Bodies of requests and their headers, so far. */
  readonly requests: { readonly body: string; readonly headers: IncomingMessage['headers'] }[]
  /** Undefined: it answers as it should. */
  misbehave: Misbehaviour | undefined
}

/** `ennead gateway` as a process, listening, over two subgraphs that listen as well and can be made to misbehave. */
export interface AttackedGateway extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly process: RunningProcess
  readonly people: MisbehavingSubgraph
  readonly scores: MisbehavingSubgraph
  /** POSTs a body, an object as JSON; the answer's body is parsed, which fails when it is not JSON. */
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<ToldAnswer>
  get(
    parameters: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<ToldAnswer>
}

export interface ToldAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly data: unknown
  readonly extensions: Readonly<Record<string, unknown>> | undefined
  readonly errors: readonly {
    readonly message: string
    readonly path?: readonly (string | number)[]
    readonly extensions: Readonly<Record<string, unknown>>
  }[]
  /** Of the first error. */
  readonly code: unknown
}

/** Starts it with `flags` besides those it needs. */
export async function attackedGateway(
  flags: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<AttackedGateway> {
  await using started = new AsyncDisposableStack()
  const folder = started.use(await temporaryFolder())
  const [peopleServer, scoresServer] = [
    started.use(await subgraphServer('people', people)),
    started.use(await subgraphServer('scores', scores)),
  ]
  const file = join(folder.path, 'supergraph.graphql')
  await writeFile(file, composeForTest({ people: { sdl: people }, scores: { sdl: scores } }))
  const urls = `people=${peopleServer.url},scores=${scoresServer.url}`
  const process = started.use(
    await startEnnead(
      [
        'gateway',
        '--supergraph',
        file,
        '--port',
        '0',
        '--subgraph-urls',
        urls,
        '--log-level',
        'debug',
        // The first request of a cold process on a busy machine takes longer than a query may.
        '--request-timeout-ms',
        '10000',
        ...flags,
      ],
      {
        environment,
      },
    ),
  )
  const url = process.url.replace('localhost', '127.0.0.1')
  const all = started.move()
  return {
    url,
    port: Number(new URL(url).port),
    process,
    people: peopleServer,
    scores: scoresServer,
    async post(body, headers = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return told(await fetch(url, { method: 'POST', headers: { ...asGraphQL, ...headers }, body: text }))
    },
    async get(parameters, headers = {}) {
      const search = new URLSearchParams(parameters).toString()
      return told(await fetch(`${url}?${search}`, { headers: { accept: asGraphQL.accept, ...headers } }))
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

const asGraphQL = { 'content-type': 'application/json', accept: 'application/graphql-response+json' }

export async function told(response: Response): Promise<ToldAnswer> {
  const text = await response.text()
  // Every answer of the door has this shape, which the assertions on it check.
  const body = JSON.parse(text) as Partial<Pick<ToldAnswer, 'data' | 'errors' | 'extensions'>>
  const { errors = [], data, extensions } = body
  return {
    status: response.status,
    headers: response.headers,
    text,
    data,
    errors,
    extensions,
    code: errors[0]?.extensions['code'],
  }
}

async function subgraphServer(name: string, sdl: string): Promise<MisbehavingSubgraph & AsyncDisposable> {
  const schema = buildSubgraphSchema([
    { typeDefs: parse(`${federation}\n${sdl}`), resolvers: resolvers[name] ?? {} },
  ])
  const requests: MisbehavingSubgraph['requests'] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', chunk => (body += String(chunk)))
    request.on('end', () => {
      requests.push({ body, headers: request.headers })
      if (subgraph.misbehave !== undefined) return subgraph.misbehave(response, request)
      // The gateway under test writes it.
      const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> }
      void graphql({ schema, source: query, variableValues: variables ?? {} }).then(result => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
      })
    })
  })
  const sockets = new WebSocketServer({ server, path: '/graphql' })
  const door = useServer({ schema }, sockets)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  // A TCP server's address is never a string.
  const { port } = server.address() as AddressInfo
  const subgraph: MisbehavingSubgraph & AsyncDisposable = {
    url: `http://127.0.0.1:${port}/graphql`,
    requests,
    misbehave: undefined,
    async [Symbol.asyncDispose]() {
      await door.dispose()
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return subgraph
}
