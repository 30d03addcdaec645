import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import type { ExecutionResult } from '@urql/core'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { demoGateway } from '../support/demo-gateway.ts'
import { streamGateway, taskEvents } from '../support/stream-gateway.ts'
import { until } from '../support/until.ts'
import { expectNothingLost } from './cut-connections.ts'

test('urql: queries and mutations over HTTP, subscriptions over WebSocket', async () => {
  await using gateway = await demoGateway()
  const socket = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket })
  const client = new Client({
    url: gateway.url,
    preferGetMethod: false,
    fetchOptions: { headers: { authorization: 'Bearer alice' } },
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: request => ({
          subscribe: sink => ({
            unsubscribe: socket.subscribe(
              { ...request, query: request.query ?? '' },
              {
                ...sink,
                // The two libraries only differ in what they call readonly.
                next: answer => sink.next(answer as ExecutionResult),
              },
            ),
          }),
        }),
      }),
    ],
  })
  expect((await client.query('{ viewer }', {}).toPromise()).data).toEqual({ viewer: 'alice' })

  const seen: unknown[] = []
  const subscription = client
    .subscription('subscription { events { seq text } }', {})
    .subscribe(({ data }) => seen.push(data))
  await until('it reads', () => gateway.topic.readers === 1)
  expect((await client.mutation('mutation { add(text: "from urql") }', {}).toPromise()).data).toEqual({
    add: 1,
  })
  await until('the event arrives', () => seen.length === 1)
  expect(seen).toEqual([{ events: { seq: 1, text: 'from urql' } }])
  subscription.unsubscribe()
  await until('the source is let go', () => gateway.topic.readers === 0)

  const refused = await client.query('{ nothing }', {}).toPromise()
  expect(refused.error?.graphQLErrors[0]?.extensions).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' })
  await socket.dispose()
})

test('urql: a GET query is answered too', async () => {
  await using gateway = await demoGateway()
  const client = new Client({ url: gateway.url, preferGetMethod: 'force', exchanges: [fetchExchange] })
  const { data } = await client
    .query('query ($n: String) { hello(name: $n) }', { n: 'Ada & Bob' })
    .toPromise()
  expect(data).toEqual({ hello: 'Hello Ada & Bob' })
})

test.each(['taskEvents', 'ticks'] as const)('urql: with its line, cuts lose nothing of %s', kind =>
  expectNothingLost(kind, (gateway, socket, query, seen, ended) => {
    const client = new Client({
      url: gateway.url,
      preferGetMethod: false,
      exchanges: [
        subscriptionExchange({
          forwardSubscription: request => ({
            subscribe(sink) {
              const payload = { ...request, query: request.query ?? '', extensions: {} }
              const unsubscribe = socket.subscribe<Record<string, unknown>, { cursor?: string }>(payload, {
                ...sink,
                next(answer) {
                  payload.extensions = { after: answer.extensions?.cursor }
                  // The two libraries only differ in what they call readonly.
                  sink.next(answer as ExecutionResult)
                },
              })
              return { unsubscribe }
            },
          }),
        }),
      ],
    })
    const subscription = client
      .subscription<Record<string, { seq: number }>>(query, {})
      .subscribe(({ data, error }) =>
        error === undefined ? seen.push(data?.[kind]?.seq ?? -1) : ended.push(error),
      )
    return () => subscription.unsubscribe()
  }),
)

test('urql: subscriptions over HTTP, as Server-Sent Events, with nothing but its fetchExchange', async () => {
  await using gateway = await streamGateway()
  const client = new Client({
    url: gateway.url,
    preferGetMethod: false,
    fetchSubscriptions: true,
    exchanges: [fetchExchange],
  })
  const seen: unknown[] = []
  const subscription = client
    .subscription(taskEvents, {})
    .subscribe(({ data, error }) => seen.push(error ?? data))
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('over HTTP')
  await until('the event arrives', () => seen.length === 1)
  expect(seen).toMatchObject([{ taskEvents: { seq: 1, text: 'over HTTP', task: { title: 'Task 1' } } }])
  subscription.unsubscribe()
  await until('the source is let go', () => gateway.topic.readers === 0)
  expect((await client.query('{ hello }', {}).toPromise()).data).toEqual({ hello: 'Hello' })
})
