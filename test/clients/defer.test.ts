import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { Defer20220824Handler } from '@apollo/client/incremental'
import { Client, fetchExchange } from '@urql/core'
import { expect, test } from 'vitest'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { silentLog } from '../../kernel/log.ts'
import { federated } from '../support/federated.ts'
import type { RunningSubgraph } from '../support/federated.ts'
import { until } from '../support/until.ts'

interface DeferGateway extends AsyncDisposable {
  readonly url: string
  readonly ages: RunningSubgraph
}

/** A gateway on two subgraphs; `ages` is what deferred fields come from. */
async function deferGateway(answerBytesMax?: number): Promise<DeferGateway> {
  const { engine, subgraph } = federated({
    people: {
      sdl: 'type Query { me: Person } type Person @key(fields: "id") { id: ID! name: String }',
      resolvers: { Query: { me: () => ({ id: '1', name: 'Ada' }) } },
    },
    ages: {
      sdl: 'type Person @key(fields: "id") { id: ID! age: Int text: String }',
      resolvers: { Person: { age: () => 36, text: () => 'x'.repeat(1_000) } },
    },
  })
  const server = await startGatewayServer({
    engine,
    address: { host: '127.0.0.1', port: 0 },
    log: silentLog,
    limits: { requestTimeoutMs: 10_000, ...(answerBytesMax === undefined ? {} : { answerBytesMax }) },
  })
  return {
    url: `http://127.0.0.1:${server.address.port}/graphql`,
    ages: subgraph('ages'),
    async [Symbol.asyncDispose]() {
      await server.close(0)
      await engine.close()
    },
  }
}

/** Holds the subgraph's answers back until it is called. */
function held(subgraph: RunningSubgraph): () => void {
  let go = (): void => undefined
  const open = new Promise<void>(resolve => (go = resolve))
  subgraph.intercept = async () => {
    await open
    return { data: { _entities: [{ age: 36 }] } }
  }
  return go
}

const query = '{ me { id name ... on Person @defer(label: "age") { age } } }'

function post(url: string, accept: string, text = query, signal?: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept },
    body: JSON.stringify({ query: text }),
    ...(signal === undefined ? {} : { signal }),
  })
}

test('Apollo Client shows the first answer before what is deferred is there, and then all of it', async () => {
  await using gateway = await deferGateway()
  const go = held(gateway.ages)
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new HttpLink({ uri: gateway.url }),
    incrementalHandler: new Defer20220824Handler(),
  })
  const seen: unknown[] = []
  const document = gql`
    query {
      me {
        id
        name
        ... on Person @defer(label: "age") {
          age
        }
      }
    }
  `
  const watched = client.watchQuery({ query: document }).subscribe(({ data, dataState }) => {
    if (dataState !== 'empty') seen.push(JSON.parse(JSON.stringify(data)))
  })
  const first = { me: { __typename: 'Person', id: '1', name: 'Ada' } }
  await until('the first answer is here', () => seen.length === 1)
  expect(seen).toEqual([first])
  go()
  await until('what was deferred is here', () => seen.length === 2)
  expect(seen[1]).toEqual({ me: { ...first.me, age: 36 } })
  watched.unsubscribe()
})

test('urql shows the first answer before what is deferred is there, and then all of it', async () => {
  await using gateway = await deferGateway()
  const go = held(gateway.ages)
  const client = new Client({ url: gateway.url, preferGetMethod: false, exchanges: [fetchExchange] })
  const seen: unknown[] = []
  const running = client.query(query, {}).subscribe(({ data }) => seen.push(structuredClone(data)))
  await until('the first answer is here', () => seen.length === 1)
  expect(seen).toEqual([{ me: { id: '1', name: 'Ada' } }])
  go()
  await until('what was deferred is here', () => seen.length === 2)
  expect(seen[1]).toEqual({ me: { id: '1', name: 'Ada', age: 36 } })
  running.unsubscribe()
})

test('the response is multipart as deferSpec=20220824 has it', async () => {
  await using gateway = await deferGateway()
  const response = await post(gateway.url, 'multipart/mixed;deferSpec=20220824, application/json')
  expect(response.headers.get('content-type')).toBe('multipart/mixed; boundary="-"; deferSpec=20220824')
  const head = 'content-type: application/json; charset=utf-8'
  const first = '{"data":{"me":{"id":"1","name":"Ada"}},"hasNext":true}'
  const second = '{"incremental":[{"data":{"age":36},"path":["me"],"label":"age"}],"hasNext":false}'
  const lines = ['', '---', head, '', first, '---', head, '', second, '-----', '']
  expect(await response.text()).toBe(lines.join('\r\n'))
})

test.each([
  'application/json',
  'application/graphql-response+json',
  'multipart/mixed;deferSpec=20991231, */*',
])('a client that accepts %s is answered at once', async accept => {
  await using gateway = await deferGateway()
  const response = await post(gateway.url, accept)
  expect(response.headers.get('content-type')).toMatch(/^application\//)
  expect(await response.json()).toEqual({ data: { me: { id: '1', name: 'Ada', age: 36 } } })
})

test('a query of which nothing is deferred is one JSON answer, whatever else the client accepts', async () => {
  await using gateway = await deferGateway()
  const response = await post(
    gateway.url,
    'multipart/mixed;deferSpec=20220824, application/json',
    '{ me { age } }',
  )
  expect(await response.json()).toEqual({ data: { me: { age: 36 } } })
  const only = await post(gateway.url, 'multipart/mixed', '{ me { age } }')
  expect([only.status, await only.json()]).toMatchObject([
    406,
    { errors: [{ extensions: { code: 'NOT_ACCEPTABLE' } }] },
  ])
})

test('a part that is larger than an answer may be ends the response with an error', async () => {
  await using gateway = await deferGateway(500)
  const response = await post(gateway.url, 'multipart/mixed', '{ me { name ... @defer { text } } }')
  const text = await response.text()
  expect(text).toContain('{"data":{"me":{"name":"Ada"}},"hasNext":true}')
  expect(text).toContain('LIMIT_ANSWER')
  expect(text).toContain('"hasNext":false}\r\n-----\r\n')
})

test('what is deferred is not asked for any more when the client has left', async () => {
  await using gateway = await deferGateway()
  const signals: AbortSignal[] = []
  gateway.ages.intercept = (_request, { signal }) => {
    signals.push(signal)
    return new Promise(() => undefined)
  }
  const client = new AbortController()
  const response = await post(gateway.url, 'multipart/mixed', query, client.signal)
  expect(response.status).toBe(200)
  await until('the subgraph is asked', () => signals.length === 1)
  client.abort()
  await until('it is told to stop', () => signals[0]?.aborted === true)
})
