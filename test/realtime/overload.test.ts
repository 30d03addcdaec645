import { expect, test } from 'vitest'
import { demoGateway } from '../support/demo-gateway.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'

const events = 'subscription { events { seq } }'

/** A gateway whose risk the test decides. */
async function pressed(risk: { now: number }) {
  return demoGateway({
    admission: {
      risk: () => risk.now,
      gaugeEveryMs: 10,
      gaugeWeight: 1,
      gaugeHoldMs: 20,
      eventLoopShedMs: 5_000,
      eventLoopEssentialMs: 5_000,
    },
  })
}

async function inMode(url: string, mode: string): Promise<void> {
  const ready = url.replace('/graphql', '/health/ready')
  await until(`the mode is ${mode}`, async () => {
    // The router writes admission's report.
    const { admission } = (await (await fetch(ready)).json()) as { admission: { state: { mode: string } } }
    return admission.state.mode === mode
  })
}

test('a refused query is an error of its id alone; what is critical goes on over the same socket', async () => {
  const risk = { now: 1 }
  await using gateway = await pressed(risk)
  await inMode(gateway.url, 'essential')
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('q', '{ hello }'))
  client.send(subscribeMessage('m', 'mutation { add(text: "x") }'))
  const { payload } = await client.take('error', 'q')
  expect(payload).toMatchObject([{ extensions: { code: 'OVERLOADED', reason: 'mode', priority: 'default' } }])
  expect(JSON.stringify(payload)).toMatch(/"retryAfterMs":\d+/)
  expect((await client.take('next', 'm')).payload).toEqual({ data: { add: 1 } })
})

test('a refused subscription closes with 1013, because an error message would be its end; those that run go on', async () => {
  const risk = { now: 0 }
  await using gateway = await pressed(risk)
  using running = await rawSocket(gateway.socketUrl, { init: {} })
  running.send(subscribeMessage('s', events))
  await until('it reads', () => gateway.topic.readers === 1)
  risk.now = 1
  await inMode(gateway.url, 'essential')
  using refused = await rawSocket(gateway.socketUrl, { init: {} })
  refused.send(subscribeMessage('s', events))
  expect(await refused.closed).toEqual({ code: 1013, reason: 'OVERLOADED: connect again and resume' })
  expect(refused.messages).toEqual([])
  gateway.topic.publish('still here')
  expect((await running.take('next', 's')).payload).toEqual({ data: { events: { seq: 1 } } })
  risk.now = 0
  await inMode(gateway.url, 'normal')
  using back = await rawSocket(gateway.socketUrl, { init: {} })
  back.send(subscribeMessage('s', events))
  await until('it reads again', () => gateway.topic.readers === 2)
})

test.each([
  ['the upgrade request', { init: {}, headers: { 'x-priority': 'sheddable' } }],
  ['connection_init', { init: { 'x-priority': 'sheddable' } }],
])('a socket asks in %s for all its operations to be refused first', async (_name, options) => {
  const risk = { now: 0.8 }
  await using gateway = await pressed(risk)
  await inMode(gateway.url, 'shedding')
  using modest = await rawSocket(gateway.socketUrl, options)
  modest.send(subscribeMessage('1', 'mutation { add(text: "x") }'))
  expect((await modest.take('error', '1')).payload).toMatchObject([{ extensions: { code: 'OVERLOADED' } }])
  using other = await rawSocket(gateway.socketUrl, { init: {} })
  other.send(subscribeMessage('1', '{ hello }'))
  expect((await other.take('next', '1')).payload).toEqual({ data: { hello: 'Hello world' } })
})

test('operations of sockets and of HTTP share one line, and a socket that closes leaves it', async () => {
  await using gateway = await demoGateway({
    admission: { concurrencyMin: 1, concurrencyMax: 1, concurrencyInitial: 1 },
  })
  using client = await rawSocket(gateway.socketUrl, { init: {} })
  client.send(subscribeMessage('1', 'mutation { slowAdd(ms: 300) }'))
  await until('it runs', () => gateway.work.started === 1)
  const leaving = await rawSocket(gateway.socketUrl, { init: {} })
  leaving.send(subscribeMessage('1', 'mutation { slowAdd(ms: 1) }'))
  const waiting = async (): Promise<number> => {
    const ready = await fetch(gateway.url.replace('/graphql', '/health/ready'))
    // The router writes admission's report.
    const body = (await ready.json()) as { admission: { waiting: { critical: number } } }
    return body.admission.waiting.critical
  }
  await until('it waits', async () => (await waiting()) === 1)
  leaving.socket.terminate()
  await until('it has left', async () => (await waiting()) === 0)
  const answer = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'mutation { add(text: "y") }' }),
  })
  expect(await answer.json()).toEqual({ data: { add: 1 } })
  await client.take('next', '1')
  expect(gateway.work.started).toBe(1)
})
