import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import { streamGateway, taskEvents, ticks } from '../support/stream-gateway.ts'
import type { StreamGateway } from '../support/stream-gateway.ts'
import { until } from '../support/until.ts'

/** A stock graphql-ws client whose connection can be cut. */
export interface CutClient {
  readonly client: Client
  readonly cut: () => void
}

export function cutClient(url: string): CutClient {
  const sockets: WebSocket[] = []
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    retryAttempts: 100,
    retryWait: () => Promise.resolve(),
    // graphql-ws hands over what webSocketImpl made.
    on: { opened: socket => sockets.push(socket as WebSocket) },
  })
  return { client, cut: () => sockets.at(-1)?.terminate() }
}

/** Begins a subscription with the recipe under test; every event's number goes into `seen`, its end into `ended`. */
export type Follow = (
  gateway: StreamGateway,
  client: Client,
  query: string,
  seen: number[],
  ended: unknown[],
) => (() => void) | void

/**
 * Cuts the connection twenty times while events happen: none may be missing, come twice or out of order.
 * @param asSent What the client makes of a document.
 */
export async function expectNothingLost(
  kind: 'taskEvents' | 'ticks',
  follow: Follow,
  asSent: (query: string) => string = query => query,
): Promise<void> {
  await using gateway = await streamGateway()
  // A stream without cursors of its own is resumable while somebody reads it.
  using other = await rawSocket(gateway.socketUrl, { init: {} })
  const query = kind === 'ticks' ? ticks : taskEvents
  if (kind === 'ticks') other.send(subscribeMessage('1', asSent(query)))
  const { client, cut } = cutClient(gateway.socketUrl)
  const [seen, ended]: [number[], unknown[]] = [[], []]
  const leave = follow(gateway, client, query, seen, ended)
  const begun = (): number => gateway.lines.filter(line => line.includes('"stream.joined"')).length
  await until('it has begun', () => begun() === (kind === 'ticks' ? 2 : 1) && gateway.topic.readers === 1)
  gateway.topic.publish('the first')
  await until('the first is here', () => seen.length === 1)
  for (let round = 0; round < 20; round++) {
    for (let event = 0; event < 5; event++) gateway.topic.publish('x')
    if (round % 3 > 0) await until('some are here', () => seen.length > round * 5 + 1)
    cut()
    for (let event = 0; event < 5; event++) gateway.topic.publish('y')
  }
  await until('everything is here', () => seen.length >= 201)
  expect(seen).toEqual(Array.from({ length: 201 }, (_, index) => index + 1))
  expect(ended).toEqual([])
  leave?.()
  await client.dispose()
}
