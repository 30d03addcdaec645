import { createClient } from 'graphql-ws'
import { Network, Observable } from 'relay-runtime'
import type { FetchFunction, GraphQLResponse, RequestParameters, SubscribeFunction } from 'relay-runtime'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { demoGateway } from '../support/demo-gateway.ts'
import { until } from '../support/until.ts'
import { expectNothingLost } from './cut-connections.ts'

/** What Relay's compiler makes of an operation, as far as its network layer looks at it. */
function compiled(operationKind: 'query' | 'mutation' | 'subscription', text: string): RequestParameters {
  return {
    id: null,
    text,
    name: 'Compiled',
    operationKind,
    metadata: {},
    providedVariables: {},
    cacheID: text,
  }
}

test("Relay's network layer: queries and mutations over HTTP, subscriptions over WebSocket", async () => {
  await using gateway = await demoGateway()
  const socket = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket })
  const fetchFunction: FetchFunction = async ({ text }, variables) => {
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer alice' },
      body: JSON.stringify({ query: text, variables }),
    })
    // The door answers GraphQL responses only.
    return (await response.json()) as GraphQLResponse
  }
  const subscribeFunction: SubscribeFunction = ({ text }, variables) =>
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
    )
  const network = Network.create(fetchFunction, subscribeFunction)
  const run = (kind: 'query' | 'mutation', text: string, variables = {}) =>
    network.execute(compiled(kind, text), variables, {}).toPromise()

  expect(await run('query', 'query Compiled($n: String) { viewer hello(name: $n) }', { n: 'Ada' })).toEqual({
    data: { viewer: 'alice', hello: 'Hello Ada' },
  })
  const seen: GraphQLResponse[] = []
  const subscription = network
    .execute(compiled('subscription', 'subscription Compiled { events { seq text } }'), {}, {})
    .subscribe({ next: answer => seen.push(answer) })
  await until('it reads', () => gateway.topic.readers === 1)
  expect(await run('mutation', 'mutation Compiled { add(text: "from Relay") }')).toEqual({ data: { add: 1 } })
  await until('the event arrives', () => seen.length === 1)
  expect(seen).toEqual([{ data: { events: { seq: 1, text: 'from Relay' } } }])
  subscription.unsubscribe()
  await until('the source is let go', () => gateway.topic.readers === 0)
  await socket.dispose()
})

test.each(['taskEvents', 'ticks'] as const)(
  "Relay's network layer: with its line, cuts lose nothing of %s",
  kind =>
    expectNothingLost(kind, (_gateway, socket, query, seen, ended) => {
      const subscribeFunction: SubscribeFunction = ({ text }, variables) =>
        Observable.create<GraphQLResponse>(sink => {
          const payload = { query: text ?? '', variables, extensions: {} }
          return socket.subscribe<Record<string, unknown>, { cursor?: string }>(payload, {
            next(answer) {
              payload.extensions = { after: answer.extensions?.cursor }
              // The same GraphQL response, as another library calls it.
              sink.next(answer as GraphQLResponse)
            },
            error: failure =>
              sink.error(failure instanceof Error ? failure : new Error(JSON.stringify(failure))),
            complete: () => sink.complete(),
          })
        })
      const network = Network.create(() => Promise.reject(new Error('only subscriptions')), subscribeFunction)
      const subscription = network.execute(compiled('subscription', query), {}, {}).subscribe({
        // What the gateway under test answers this subscription.
        next: answer =>
          seen.push((answer as { data: Record<string, { seq: number }> }).data[kind]?.seq ?? -1),
        error: (failure: unknown) => ended.push(failure),
        complete: () => ended.push('complete'),
      })
      return () => subscription.unsubscribe()
    }),
)
