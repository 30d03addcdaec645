import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import { principal } from '../support/demo-gateway.ts'
import { rawSocket, subscribeMessage } from '../support/raw-socket.ts'
import { streamGateway } from '../support/stream-gateway.ts'
import { until } from '../support/until.ts'

const query = 'subscription { taskEvents { seq secret } }'

/** An authority whose answers a test changes. */
function authority() {
  const state = {
    scopes: ['secrets'],
    failing: undefined as 'UNAUTHENTICATED' | 'UNAVAILABLE' | undefined,
    asked: 0,
  }
  const expiresAt = Date.now() / 1000 + 3_600
  const identify = async (token: string): Promise<ActorPrincipal> => {
    state.asked += 1
    if (state.failing !== undefined) throw new EnneadError(state.failing, 'as the test says')
    return { ...principal(token, expiresAt), scopes: state.scopes }
  }
  return { state, options: { identify, identityLifeMs: 0, limits: { socketRecheckMs: 30 } } }
}

test('row 21: a right that is taken away during a subscription is missing from the next events, and none is lost', async () => {
  const { state, options } = authority()
  await using gateway = await streamGateway(options)
  using client = await rawSocket(gateway.socketUrl, { init: { authorization: 'Bearer alice' } })
  client.send(subscribeMessage('1', query))
  await until('it reads', () => gateway.topic.readers === 1)
  for (let event = 0; event < 3; event++) gateway.topic.publish('x')
  await until('they are here', () => client.messages.length === 3)
  const joined = (): number => gateway.lines.filter(line => line.includes('"stream.joined"')).length
  state.scopes = []
  await until('the stream has moved', () => joined() === 2)
  for (let event = 0; event < 3; event++) gateway.topic.publish('y')
  await until('they are here', () => client.messages.length === 6)
  // What the gateway under test writes for this subscription.
  const payloads = client.messages.map(
    message => message.payload as { data: { taskEvents: object }; errors?: object[] },
  )
  expect(payloads.map(({ data }) => data.taskEvents)).toEqual([
    ...[1, 2, 3].map(seq => ({ seq, secret: 'secret' })),
    ...[4, 5, 6].map(seq => ({ seq, secret: null })),
  ])
  expect(payloads.slice(3).every(({ errors }) => JSON.stringify(errors).includes('FORBIDDEN'))).toBe(true)
  expect(gateway.topic.readers).toBe(1)
})

test('what the gateway remembers of a credential for requests does not delay what its sockets are told', async () => {
  const { state, options } = authority()
  await using gateway = await streamGateway({ ...options, identityLifeMs: 600_000 })
  using client = await rawSocket(gateway.socketUrl, { init: { authorization: 'Bearer alice' } })
  client.send(subscribeMessage('1', query))
  await until('it reads', () => gateway.topic.readers === 1)
  state.failing = 'UNAUTHENTICATED'
  expect(await client.closed).toMatchObject({ code: 4401 })
})

test('row 21: a credential that is revoked closes its socket with 4401, and ends its streams', async () => {
  const { state, options } = authority()
  await using gateway = await streamGateway(options)
  using client = await rawSocket(gateway.socketUrl, { init: { authorization: 'Bearer alice' } })
  client.send(subscribeMessage('1', query))
  const stream = fetch(gateway.url, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: 'Bearer alice',
    },
    body: JSON.stringify({ query }),
  })
  const cut = (await stream).text()
  cut.catch(() => undefined)
  await until('they read', () => gateway.topic.readers === 1)
  state.failing = 'UNAUTHENTICATED'
  expect(await client.closed).toMatchObject({ code: 4401 })
  await expect(cut).rejects.toThrow('terminated')
  await until('the source is let go', () => gateway.topic.readers === 0)
})

test('while the authority cannot be asked, what it said last stays', async () => {
  const { state, options } = authority()
  await using gateway = await streamGateway(options)
  using client = await rawSocket(gateway.socketUrl, { init: { authorization: 'Bearer alice' } })
  client.send(subscribeMessage('1', query))
  await until('it reads', () => gateway.topic.readers === 1)
  state.failing = 'UNAVAILABLE'
  const { asked } = state
  await until('it was asked some times', () => state.asked > asked + 3)
  gateway.topic.publish('x')
  expect((await client.take('next', '1')).payload).toMatchObject({
    data: { taskEvents: { seq: 1, secret: 'secret' } },
  })
})

test('who decides about rights says when they change: sockets and streams are looked at then, and not only in their turn', async () => {
  const { state, options } = authority()
  let tell: (actorIds: readonly string[]) => void = () => undefined
  // In their turn nothing would happen for an hour.
  const limits = { socketRecheckMs: 3_600_000 }
  const rightsChanged = (told: typeof tell): void => void (tell = told)
  await using gateway = await streamGateway({ ...options, limits, rightsChanged, identityLifeMs: 600_000 })
  const open = async (actor: string) => {
    const client = await rawSocket(gateway.socketUrl, { init: { authorization: `Bearer ${actor}` } })
    client.send(subscribeMessage('1', query))
    return client
  }
  using alice = await open('alice')
  using bob = await open('bob')
  await until('they read', () => gateway.topic.readers === 2)

  state.scopes = []
  tell(['alice', 'somebody who is not here'])
  const joined = (): number => gateway.lines.filter(line => line.includes('"stream.joined"')).length
  await until('the stream has moved', () => joined() === 3)
  gateway.topic.publish('x')
  const secretOf = async (client: typeof alice): Promise<unknown> =>
    // What the gateway under test writes for this subscription.
    ((await client.take('next', '1')).payload as { data: { taskEvents: { secret: unknown } } }).data
      .taskEvents.secret
  expect(await secretOf(alice)).toBe(null)
  expect(await secretOf(bob)).toBe('secret')

  const stream = await fetch(gateway.url, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: 'Bearer alice',
    },
    body: JSON.stringify({ query }),
  })
  const cut = stream.text()
  cut.catch(() => undefined)
  await until('it reads as well', () => joined() === 4)
  state.failing = 'UNAUTHENTICATED'
  tell(['alice'])
  expect(await alice.closed).toMatchObject({ code: 4401 })
  await expect(cut).rejects.toThrow('terminated')
  expect(bob.socket.readyState).toBe(bob.socket.OPEN)
})

test('a change while the authority is being asked is asked about once more', async () => {
  const { state, options } = authority()
  const answers: (() => void)[] = []
  let tell: (actorIds: readonly string[]) => void = () => undefined
  let held = false
  const identify = async (token: string): Promise<ActorPrincipal> => {
    const principal = await options.identify(token)
    if (held) await new Promise<void>(resolve => answers.push(resolve))
    return principal
  }
  await using gateway = await streamGateway({
    ...options,
    identify,
    limits: { socketRecheckMs: 3_600_000, requestTimeoutMs: 60_000 },
    rightsChanged: told => void (tell = told),
  })
  using client = await rawSocket(gateway.socketUrl, { init: { authorization: 'Bearer alice' } })
  client.send(subscribeMessage('1', query))
  await until('it reads', () => gateway.topic.readers === 1)
  held = true
  tell(['alice'])
  await until('it is asked', () => answers.length === 1)
  state.failing = 'UNAUTHENTICATED'
  tell(['alice'])
  // Answers what was so when it was asked.
  for (const answer of answers) answer()
  expect(await client.closed).toMatchObject({ code: 4401 })
})
