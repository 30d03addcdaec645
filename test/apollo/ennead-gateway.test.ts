import { join } from 'node:path'
import { ApolloGateway, RemoteGraphQLDataSource as ApolloDataSource } from '@apollo/gateway'
import { ApolloServer, HeaderMap } from '@apollo/server'
import type { ApolloServerPlugin, BaseContext } from '@apollo/server'
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl'
import { GraphQLError } from 'graphql'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EnneadGateway, IntrospectAndCompose, RemoteGraphQLDataSource } from '../../apollo/drop-in.ts'
import type { DataSourceRequest, EnneadGatewayOptions, SupergraphManager } from '../../apollo/drop-in.ts'
import { readOperations } from '../../checks/operations/read-operations.ts'
import { temporaryFolder } from '../e2e/running-ennead.ts'
import { composeForTest } from '../support/federated.ts'
import { librarySubgraphs } from './library-subgraphs.ts'
import type { LibrarySubgraphs } from './library-subgraphs.ts'

let library: LibrarySubgraphs
beforeAll(async () => {
  library = await librarySubgraphs()
})
afterAll(() => library[Symbol.asyncDispose]())

type Gateway = NonNullable<ConstructorParameters<typeof ApolloServer>[0]['gateway']>

interface Answer {
  readonly data: unknown
  readonly errors: readonly {
    readonly path: unknown
    readonly code: unknown
    readonly serviceName: unknown
  }[]
  readonly cacheControl: string | undefined
}

async function answers(
  gateway: Gateway,
  queries: readonly string[],
  contextValue: BaseContext = {},
  plugins: ApolloServerPlugin[] = [],
): Promise<readonly Answer[]> {
  const server = new ApolloServer({ gateway, plugins })
  await server.start()
  try {
    const found: Answer[] = []
    for (const query of queries) {
      const variables = query.includes('$id') ? { id: '2' } : {}
      const { body, http } = await server.executeOperation({ query, variables }, { contextValue })
      if (body.kind !== 'single') throw new Error('not a single answer')
      const { data = null, errors = [] } = body.singleResult
      found.push({
        data: JSON.parse(JSON.stringify(data)) as unknown,
        errors: errors.map(({ path, extensions }) => ({
          path,
          code: extensions?.['code'],
          serviceName: extensions?.['serviceName'],
        })),
        cacheControl: http.headers.get('cache-control'),
      })
    }
    return found
  } finally {
    await server.stop()
  }
}

const ours = (options: Partial<EnneadGatewayOptions> = {}): EnneadGateway =>
  new EnneadGateway({ supergraphSdl: library.supergraphSdl, ...options })

const operations = [
  '{ books { id title } }',
  '{ books(first: 1) { title reviews { stars book { title pages } } effort } }',
  'query One($id: ID!) { book(id: $id) { again: title effort ...R } } fragment R on Book { reviews { stars } }',
  '{ latest { stars about { __typename ... on Book { title } } } }',
  'mutation { rename(id: "1", title: "New") { id title effort } }',
  '{ book(id: "1") { title broken reviews { stars } } }',
  '{ book(id: "nothing") { title effort } }',
  'query S($id: ID!) { book(id: $id) { title @skip(if: true) id } }',
  '{ __typename books { __typename } }',
  '{ __schema { queryType { name } } __type(name: "Book") { fields { name } } }',
  '{ nothing }',
]

test('a stock Apollo Server answers the same with this gateway as with @apollo/gateway', async () => {
  const theirs = new ApolloGateway({ supergraphSdl: library.supergraphSdl })
  const [expected, got] = [await answers(theirs, operations), await answers(ours(), operations)]
  expect(got).toEqual(expected)
  expect(got[1]?.data).toMatchObject({ books: [{ effort: 'short', reviews: [{ stars: 1 }] }] })
  expect(got[5]?.errors).toEqual([{ path: ['book', 'broken'], code: 'BROKEN', serviceName: 'books' }])
  expect(got[0]?.cacheControl).toBe('max-age=60, public')
})

test('willSendRequest sees Apollo Server’s context and sets headers; didReceiveResponse sees the answer', async () => {
  const seen: unknown[] = []
  class WithUser extends RemoteGraphQLDataSource {
    override willSendRequest = ({ request, context, kind }: DataSourceRequest): void => {
      seen.push(kind)
      request.http?.headers.set('x-user', String(context['user']))
    }
    override didReceiveResponse = ({
      response,
    }: Parameters<NonNullable<RemoteGraphQLDataSource['didReceiveResponse']>>[0]) => {
      seen.push(response.http?.status)
      return response
    }
  }
  const gateway = ours({ buildService: ({ url }) => new WithUser({ url: url ?? '' }) })
  const [answer] = await answers(gateway, ['{ viewer }'], { user: 'ada' })
  expect(answer).toMatchObject({ data: { viewer: 'ada' }, cacheControl: 'max-age=10, private' })
  expect(seen).toEqual(['incoming operation', 200])
})

test('a data source of @apollo/gateway itself works as it is', async () => {
  const buildService: NonNullable<EnneadGatewayOptions['buildService']> = ({ url }) =>
    new ApolloDataSource({
      url: url ?? '',
      willSendRequest: ({ request, context }) =>
        request.http?.headers.set('x-user', String((context as Record<string, unknown>)['user'])),
    })
  expect(await answers(ours({ buildService }), ['{ viewer }'], { user: 'grace' })).toMatchObject([
    { data: { viewer: 'grace' }, errors: [] },
  ])
})

test('a GraphQLError thrown by a hook reaches the client with its code', async () => {
  const willSendRequest = (): never => {
    throw new GraphQLError('who are you?', { extensions: { code: 'UNAUTHENTICATED' } })
  }
  const gateway = ours({
    buildService: ({ url }) => new RemoteGraphQLDataSource({ url: url ?? '', willSendRequest }),
  })
  const [answer] = await answers(gateway, ['{ books { id } }'])
  expect(answer).toMatchObject({ data: null, errors: [{ code: 'UNAUTHENTICATED', serviceName: 'books' }] })
})

test('didEncounterError sees a subgraph that is down, and the other subgraph is still answered', async () => {
  const failures: unknown[] = []
  const buildService: NonNullable<EnneadGatewayOptions['buildService']> = ({ name, url }) => {
    const source = new RemoteGraphQLDataSource({
      url: name === 'reviews' ? 'http://127.0.0.1:9/' : (url ?? ''),
    })
    source.didEncounterError = failure => void failures.push(failure)
    return source
  }
  const [answer] = await answers(ours({ buildService }), ['{ book(id: "1") { title } latest { stars } }'])
  expect(answer).toMatchObject({
    data: { book: { title: 'One' }, latest: null },
    errors: [{ path: ['latest'], code: 'SUBGRAPH_UNREACHABLE' }],
  })
  expect(failures).toHaveLength(1)
})

test('Apollo Server’s plugins see every stage of an operation', async () => {
  const stages: string[] = []
  const plugin: ApolloServerPlugin = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ operationName }) => void stages.push(`resolved ${operationName}`),
      executionDidStart: async () => ({ executionDidEnd: async () => void stages.push('executed') }),
      didEncounterErrors: async ({ errors }) => void stages.push(`errors ${errors.length}`),
      willSendResponse: async () => void stages.push('sent'),
    }),
  }
  const plugins = [plugin, ApolloServerPluginCacheControl({ calculateHttpHeaders: false })]
  const [answer] = await answers(ours(), ['query Q { book(id: "1") { broken } }'], {}, plugins)
  expect(stages).toEqual(['resolved Q', 'errors 1', 'executed', 'sent'])
  expect(answer?.cacheControl).toBeUndefined()
})

test('a manager’s updates are taken while the server runs, and a bad one is not', async () => {
  let offer: (sdl: string) => void = () => undefined
  let cleaned = 0
  const manager: SupergraphManager = {
    async initialize({ update, getDataSource, healthCheck }) {
      offer = update
      await healthCheck(library.supergraphSdl)
      expect(getDataSource({ name: 'books', url: 'http://127.0.0.1:9/' })).toBeInstanceOf(
        RemoteGraphQLDataSource,
      )
      return { supergraphSdl: library.supergraphSdl, cleanup: async () => void cleaned++ }
    },
  }
  const gateway = ours({ supergraphSdl: manager })
  const schemas: string[] = []
  const unsubscribe = gateway.onSchemaLoadOrUpdate(
    ({ coreSupergraphSdl }) => void schemas.push(coreSupergraphSdl),
  )
  const server = new ApolloServer({ gateway })
  await server.start()
  offer('nonsense')
  const changed = library.supergraphSdl.replace('title: String!', 'title: String! newer: String')
  offer(changed)
  await expect.poll(() => schemas).toEqual([library.supergraphSdl, changed])
  const { body } = await server.executeOperation({ query: '{ __type(name: "Book") { fields { name } } }' })
  expect(JSON.stringify(body)).toContain('newer')
  unsubscribe()
  await server.stop()
  expect(cleaned).toBe(1)
})

test('IntrospectAndCompose asks running subgraphs and composes them', async () => {
  const supergraphSdl = new IntrospectAndCompose({ subgraphs: library.endpoints, subgraphHealthCheck: true })
  const [answer] = await answers(ours({ supergraphSdl }), ['{ books(first: 1) { title effort } }'])
  expect(answer?.data).toEqual({ books: [{ title: 'One', effort: 'short' }] })
})

test('operationLog counts the operations of each client in a form that ennead check reads', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'operations.jsonl')
  const server = new ApolloServer({ gateway: ours({ operationLog: { file } }) })
  await server.start()
  for (const id of ['1', '2'])
    await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: 'POST',
        headers: new HeaderMap([
          ['content-type', 'application/json'],
          ['apollographql-client-name', 'shop'],
        ]),
        search: '',
        body: { query: `query Book { book(id: "${id}") { title } }` },
      },
      context: async () => ({}),
    })
  await server.executeOperation({ query: '{ nothing }' })
  await server.stop()
  const { operations: recorded } = await readOperations([file])
  expect(recorded).toMatchObject([{ name: 'Book', traffic: [{ client: 'shop', requests: 2 }] }])
  const nowhere = ours({ operationLog: { file: folder.path } })
  await expect(nowhere.load()).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('what cannot be served is refused at the start', async () => {
  expect(() => new EnneadGateway({} as EnneadGatewayOptions)).toThrow(/GraphOS uplink is not followed/)
  await expect(ours({ supergraphSdl: 'type Query { a: Int }' }).load()).rejects.toMatchObject({
    code: 'SUPERGRAPH_INVALID',
  })
})

test.each([
  [[], 'old'],
  [['beta'], 'fresh'],
] as const)('with the labels %j a field is answered by the subgraph %s', async (overrideLabels, expected) => {
  const supergraphSdl = composeForTest({
    old: { sdl: 'type Query { where: String }' },
    fresh: { sdl: 'type Query { where: String @override(from: "old", label: "beta") }' },
  })
  const gateway = ours({
    supergraphSdl,
    overrideLabels,
    buildService: ({ name }) => ({ process: async () => ({ data: { where: name } }) }),
  })
  const [answer] = await answers(gateway, ['{ where }'])
  expect(answer?.data).toEqual({ where: expected })
})
