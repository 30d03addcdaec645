import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { silentLog } from '../../kernel/log.ts'
import { federated } from '../support/federated.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'

const timeoutMs = 300

/** A gateway whose `next` answers when the test says so. */
async function waitingGateway(limits: Readonly<Record<string, number>> = {}) {
  const waiting: (() => void)[] = []
  const { engine } = federated({
    events: {
      sdl: 'type Query { next(waitMs: Int! = 0): Int quick: Int }',
      resolvers: {
        Query: { next: () => new Promise<number>(resolve => waiting.push(() => resolve(7))), quick: () => 1 },
      },
    },
  })
  const address = { host: '127.0.0.1', port: 0 }
  const server = await startGatewayServer({
    engine,
    address,
    log: silentLog,
    limits: { requestTimeoutMs: timeoutMs, ...limits },
    // One place: who waits must not keep it.
    admission: { concurrencyMin: 1, concurrencyMax: 1, concurrencyInitial: 1 },
  })
  const url = `http://127.0.0.1:${server.address.port}/graphql`
  const ask = async (query: string, variables: object = {}): Promise<unknown> => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    })
    return response.json()
  }
  return {
    ask,
    socketUrl: url.replace('http', 'ws'),
    waiting,
    async [Symbol.asyncDispose]() {
      for (const answer of waiting) answer()
      await server.close(0)
      await engine.close()
    },
  }
}

test('a query that says how long it waits gets that time and keeps no place from others, over HTTP and sockets', async () => {
  await using gateway = await waitingGateway()
  const polls = [
    gateway.ask('{ next(waitMs: 9000) }'),
    gateway.ask('query ($ms: Int!) { next(waitMs: $ms) }', { ms: 9000 }),
  ]
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', '{ next(waitMs: 9000) }'))
  await until('all wait', () => gateway.waiting.length === 3)
  expect(await gateway.ask('{ quick }')).toEqual({ data: { quick: 1 } })
  await pause(timeoutMs + 100)
  for (const answer of gateway.waiting.splice(0)) answer()
  expect(await Promise.all(polls)).toEqual([{ data: { next: 7 } }, { data: { next: 7 } }])
  expect((await client.take('next', '1')).payload).toEqual({ data: { next: 7 } })
  // Without it the time is that of every query.
  expect(await gateway.ask('{ next }')).toMatchObject({
    errors: [{ extensions: { code: expect.stringMatching(/TIMEOUT|DEADLINE/) } }],
  })
})

test('a wait is never longer than rights go unasked, and those who wait are as many as streams may be', async () => {
  await using gateway = await waitingGateway({ socketRecheckMs: 50, socketsPerAddressMax: 2 })
  const polls = [gateway.ask('{ next(waitMs: 60000) }'), gateway.ask('{ a: next(waitMs: 60000) }')]
  await until('they wait', () => gateway.waiting.length === 2)
  expect(await gateway.ask('{ next(waitMs: 1) }')).toMatchObject({
    errors: [{ extensions: { code: 'OVERLOADED' } }],
  })
  // Nobody answers them.
  for (const answer of await Promise.all(polls)) expect(JSON.stringify(answer)).toMatch(/TIMEOUT|DEADLINE/)
  const later = gateway.ask('{ next(waitMs: 1) }')
  await until('it waits', () => gateway.waiting.length === 3)
  gateway.waiting.at(-1)?.()
  expect(await later).toEqual({ data: { next: 7 } })
})
