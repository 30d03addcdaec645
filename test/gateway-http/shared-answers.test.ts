import { expect, test, vi } from 'vitest'
import type { Engine } from '../../gateway/engine.ts'
import type { GatewayEvent } from '../../gateway/gateway-events.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import type { GatewayServerOptions } from '../../gateway/http/gateway-options.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import { federated } from '../support/federated.ts'
import type { RunningSubgraph } from '../support/federated.ts'

interface Door extends AsyncDisposable {
  readonly people: RunningSubgraph
  /** Requests that have looked for an answer under way: each of them asks once what epoch it is. */
  readonly looked: () => number
  readonly shared: () => number
  /** Lets the subgraph answer what it holds back. */
  readonly release: () => void
  readonly ask: (query: string, headers?: Record<string, string>, type?: string) => Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly requestId: string | null
}

/** A gateway whose only subgraph holds back every answer to a query until it is released. */
async function door(options: Partial<GatewayServerOptions> = {}): Promise<Door> {
  const { engine, subgraph } = federated(
    {
      people: {
        sdl: 'type Query { name: String  who(id: ID): String }  type Mutation { rename: String }',
        resolvers: { Query: { name: () => 'Ada Æ', who: () => 'who' }, Mutation: { rename: () => 'x' } },
      },
    },
    { compiledAfter: 0 },
  )
  const people = subgraph('people')
  let looked = 0
  const watched: Engine = {
    prepare: (request, principal) => engine.prepare(request, principal),
    execute: (operation, context) => engine.execute(operation, context),
    executeIncrementally: (operation, context, ms) => engine.executeIncrementally(operation, context, ms),
    subscribe: (operation, context) => engine.subscribe(operation, context),
    health: () => engine.health(),
    ready: () => engine.ready(),
    close: () => engine.close(),
    isCompiled: operation => engine.isCompiled?.(operation) === true,
    get epoch() {
      looked++
      return engine.epoch ?? 0
    },
  }
  const events: GatewayEvent[] = []
  const server = await startGatewayServer({
    engine: watched,
    log: silentLog,
    address: { host: '127.0.0.1', port: 0 },
    observe: event => events.push(event),
    // What is held back is not asked for again by whoever has waited half of that.
    limits: { requestTimeoutMs: 60_000 },
    ...options,
  })
  const waiting: (() => void)[] = []
  const ask: Door['ask'] = async (query, headers = {}, type = 'application/json') => {
    const body = JSON.stringify({ query })
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: type, ...headers },
      body,
    })
    const { status } = response
    return { status, text: await response.text(), requestId: response.headers.get('x-request-id') }
  }
  // Compiled from here on, but planned first.
  await ask('{ name }')
  people.requests.length = 0
  looked = 0
  people.intercept = async request => {
    if (request.query.startsWith('mutation')) return { data: { rename: 'x' } }
    await new Promise<void>(resolve => waiting.push(resolve))
    return { data: { name: 'Ada Æ' } }
  }
  return {
    people,
    looked: () => looked,
    shared: () => events.filter(({ is }) => is === 'queryShared').length,
    release: () => waiting.splice(0).forEach(resolve => resolve()),
    ask,
    async [Symbol.asyncDispose]() {
      await server.close(0)
      await engine.close()
    },
  }
}

/** Long enough for a machine with other work. */
const soon = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 })

const ada = '{"data":{"name":"Ada Æ"}}'

test('whoever asks the same while it is under way is given the same bytes, under an id of its own', async () => {
  await using gateway = await door()
  const first = gateway.ask('{ name }', { 'x-request-id': 'a' })
  await soon(() => expect(gateway.people.requests).toHaveLength(1))
  const type = 'application/graphql-response+json'
  const others = [gateway.ask('{ name }', { 'x-request-id': 'b' }), gateway.ask('{ name }', {}, type)]
  await soon(() => expect(gateway.looked()).toBe(3))
  gateway.release()
  const answers = await Promise.all([first, ...others])
  expect(answers.map(({ text }) => text)).toEqual([ada, ada, ada])
  expect(answers.slice(0, 2).map(({ requestId }) => requestId)).toEqual(['a', 'b'])
  expect(gateway.people.requests).toHaveLength(1)
  expect(gateway.shared()).toBe(2)
})

test('another header that subgraphs see, another address or text is another question', async () => {
  await using gateway = await door({ forwardHeaders: ['authorization', 'x-tenant'] })
  const same = { authorization: 'Bearer a', 'x-tenant': 'one' }
  const asked = [
    gateway.ask('{ name }', same),
    gateway.ask('{ name }', { ...same, authorization: 'Bearer b' }),
    gateway.ask('{ name }', { ...same, 'x-tenant': 'two' }),
    gateway.ask('{ name }', { authorization: 'Bearer a' }),
    gateway.ask('{ name }', { ...same, 'user-agent': 'other' }),
    gateway.ask('{ name  }', { ...same, authorization: 'Bearer c' }),
  ]
  await soon(() => expect(gateway.people.requests).toHaveLength(6))
  gateway.release()
  expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(Array.from({ length: 6 }, () => ada))
  expect(gateway.shared()).toBe(0)
})

test('a credential is checked for each who brings it', async () => {
  let checked = 0
  const identify = async (): Promise<never> => {
    checked++
    throw new EnneadError('UNAUTHENTICATED', 'no')
  }
  await using gateway = await door({ identify, identityLifeMs: 0 })
  const first = gateway.ask('{ name }')
  await soon(() => expect(gateway.people.requests).toHaveLength(1))
  expect(await gateway.ask('{ name }', { authorization: 'Bearer mallory' })).toMatchObject({ status: 401 })
  gateway.release()
  expect((await first).text).toBe(ada)
  expect(checked).toBe(1)
})

test('whoever asks after a mutation is not given what was begun before it ended', async () => {
  await using gateway = await door()
  const before = gateway.ask('{ name }')
  await soon(() => expect(gateway.people.requests).toHaveLength(1))
  await gateway.ask('mutation { rename }')
  const after = gateway.ask('{ name }')
  // The query, the mutation, and the query anew.
  await soon(() => expect(gateway.people.requests).toHaveLength(3))
  gateway.release()
  expect([(await before).text, (await after).text]).toEqual([ada, ada])
  expect(gateway.shared()).toBe(0)
})

test('those who wait ask for themselves when the answer has an error, or its client leaves', async () => {
  await using gateway = await door()
  const { people } = gateway
  const hold = people.intercept
  let fail: (() => void) | undefined
  people.intercept = () =>
    new Promise(resolve => (fail = () => resolve({ data: null, errors: [{ message: 'no' }] })))
  const first = gateway.ask('{ name }')
  await soon(() => expect(fail).toBeDefined())
  const second = gateway.ask('{ name }')
  await soon(() => expect(gateway.looked()).toBe(2))
  people.intercept = hold
  fail?.()
  await soon(() => expect(people.requests.length).toBeGreaterThanOrEqual(2))
  const releasing = setInterval(gateway.release, 5)
  const answers = await Promise.all([first, second])
  clearInterval(releasing)
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(answers[1]?.text).toBe(ada)
})
