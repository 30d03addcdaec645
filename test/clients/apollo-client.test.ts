import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode, print } from 'graphql'
import { createClient } from 'graphql-ws'
import { tap } from 'rxjs'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { demoGateway } from '../support/demo-gateway.ts'
import { streamGateway, taskEvents } from '../support/stream-gateway.ts'
import { until } from '../support/until.ts'
import { expectNothingLost } from './cut-connections.ts'

test('Apollo Client: queries and mutations over HTTP, subscriptions over WebSocket', async () => {
  await using gateway = await demoGateway()
  const socket = createClient({
    url: gateway.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: 'Bearer alice' },
  })
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      new HttpLink({ uri: gateway.url, headers: { authorization: 'Bearer alice' } }),
    ),
  })
  const answer = await client.query({
    query: gql`
      query Who($name: String!) {
        viewer
        hello(name: $name)
      }
    `,
    variables: { name: 'Ada' },
  })
  expect(answer.data).toEqual({ viewer: 'alice', hello: 'Hello Ada' })

  const seen: unknown[] = []
  const subscription = client
    .subscribe({
      query: gql`
        subscription {
          events {
            seq
            text
            viewer
          }
        }
      `,
    })
    .subscribe(({ data }) => seen.push(data))
  await until('it reads', () => gateway.topic.readers === 1)
  const added = await client.mutate({
    mutation: gql`
      mutation {
        add(text: "from Apollo")
      }
    `,
  })
  expect(added.data).toEqual({ add: 1 })
  await until('the event arrives', () => seen.length === 1)
  expect(seen).toMatchObject([{ events: { seq: 1, text: 'from Apollo', viewer: 'alice' } }])
  subscription.unsubscribe()
  await until('the source is let go', () => gateway.topic.readers === 0)

  await expect(
    client.query({
      query: gql`
        {
          nothing
        }
      `,
    }),
  ).rejects.toMatchObject({
    errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
  })
  client.stop()
  await socket.dispose()
})

/** Sends the cursor of the last event along when graphql-ws connects again. */
const resumeLink = new ApolloLink((operation, forward) =>
  forward(operation).pipe(
    tap(
      ({ extensions }) =>
        (operation.extensions['after'] = extensions?.['cursor'] ?? operation.extensions['after']),
    ),
  ),
)

test.each(['taskEvents', 'ticks'] as const)('Apollo Client: with its link, cuts lose nothing of %s', kind =>
  expectNothingLost(
    kind,
    (_gateway, socket, query, seen, ended) => {
      const client = new ApolloClient({
        cache: new InMemoryCache(),
        link: resumeLink.concat(new GraphQLWsLink(socket)),
      })
      client
        .subscribe<Record<string, { seq: number }>>({ query: gql(query), fetchPolicy: 'no-cache' })
        .subscribe({
          next: ({ data, error }) =>
            error === undefined ? seen.push(data?.[kind]?.seq ?? -1) : ended.push(error),
          error: failure => ended.push(failure),
          complete: () => ended.push('complete'),
        })
      return () => client.stop()
    },
    query => print(new InMemoryCache().transformDocument(gql(query))),
  ),
)

test('Apollo Client: subscriptions over HTTP, as multipart responses', async () => {
  await using gateway = await streamGateway()
  const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: gateway.url }) })
  const seen: unknown[] = []
  const ended: unknown[] = []
  client.subscribe({ query: gql(taskEvents), fetchPolicy: 'no-cache' }).subscribe({
    next: ({ data, error }) => seen.push(error ?? data),
    complete: () => ended.push('complete'),
  })
  await until('it reads', () => gateway.topic.readers === 1)
  gateway.topic.publish('over HTTP')
  await until('the event arrives', () => seen.length === 1)
  expect(seen).toMatchObject([{ taskEvents: { seq: 1, text: 'over HTTP', task: { title: 'Task 1' } } }])
  gateway.topic.end()
  await until('it has ended', () => ended.length === 1)
  client.stop()
})
