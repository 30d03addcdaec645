import { expect, test } from 'vitest'
import type { SubgraphAnswer } from '../../subgraphs/service/subgraph-service.ts'
import { eventually, hopOf, member, memoryLog } from './fixture.ts'
import { notes } from './notes.ts'

async function ask(
  query: string,
  variables: Readonly<Record<string, unknown>> = {},
): Promise<SubgraphAnswer> {
  return notes().service.execute({ query, variables }, hopOf(member()))
}

test('our own errors keep message, code and facts; everything else is masked and logged under its errorId', async () => {
  const { log, lines } = memoryLog()
  const { service } = notes({ log })
  const answer = await service.execute({ query: '{ hello refuse crash }' }, hopOf(member()))
  expect(answer.data).toEqual({ hello: 'hello', refuse: null, crash: null })
  expect(answer.errors).toMatchObject([
    { message: 'there is no such note', path: ['refuse'], extensions: { code: 'NOT_FOUND', note: 7 } },
    { message: 'Internal error', path: ['crash'], extensions: { code: 'INTERNAL' } },
  ])
  expect(JSON.stringify(answer)).not.toContain('hunter2')
  expect(JSON.stringify(answer)).not.toContain('at ')
  const errorId = String(answer.errors?.[1]?.extensions?.['errorId'])
  expect(lines.find(line => line.includes(errorId))).toContain('hunter2')
  expect(lines.join()).not.toContain('no such note')
})

test("GraphQL's own refusals keep their codes", async () => {
  const codes = async (query: string, variables?: Readonly<Record<string, unknown>>): Promise<unknown> =>
    (await ask(query, variables)).errors?.[0]?.extensions?.['code']
  expect(await codes('{')).toBe('GRAPHQL_PARSE_FAILED')
  expect(await codes('{ nothing }')).toBe('GRAPHQL_VALIDATION_FAILED')
  expect(await codes('query A { hello } query B { hello }')).toBe('OPERATION_RESOLUTION_FAILURE')
  expect(await codes('query ($at: DateTime) { echo(at: $at) }', { at: 'yesterday' })).toBe('BAD_USER_INPUT')
  expect(await codes('query ($first: Int) { echo(first: $first) }', { first: null })).toBe('BAD_USER_INPUT')
})

test('what a resolver answers wrongly is our fault and is not shown', async () => {
  const answer = await ask('{ badInstant }')
  expect(answer.errors).toMatchObject([{ message: 'Internal error', extensions: { code: 'INTERNAL' } }])
  expect(JSON.stringify(answer)).not.toContain('yesterday')
})

test('fields keep what the SDL demands of a caller', async () => {
  const { service } = notes()
  const code = async (query: string, principal: Parameters<typeof hopOf>[0]): Promise<unknown> => {
    const answer = await service.execute({ query }, hopOf(principal))
    return answer.errors?.[0]?.extensions?.['code'] ?? 'none'
  }
  expect(await code('{ hello }', undefined)).toBe('none')
  expect(await code('{ whoami }', undefined)).toBe('UNAUTHENTICATED')
  expect(await code('{ secret { text } }', undefined)).toBe('UNAUTHENTICATED')
  expect(await code('{ secret { text } }', member([]))).toBe('none')
  expect(await code('{ read }', member([]))).toBe('FORBIDDEN')
  expect(await code('{ read }', member(['tasks:read']))).toBe('none')
  expect(await code('{ either }', member(['a']))).toBe('FORBIDDEN')
  expect(await code('{ either }', member(['a', 'b']))).toBe('none')
  expect(await code('{ either }', member(['c']))).toBe('none')
  expect(await code('{ read whoami either }', { kind: 'service', name: 'gateway' })).toBe('none')
})

test('a principal whose sign-in has ended is nobody', async () => {
  const ended = member(['tasks:read'], { expiresAt: Math.floor(Date.now() / 1000) - 1 })
  const answer = await notes().service.execute({ query: '{ hello }' }, hopOf(ended))
  expect(answer).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
})

test('entities are resolved', async () => {
  const query = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Note { id text } } }'
  const answer = await ask(query, { of: [{ __typename: 'Note', id: '1' }] })
  expect(answer).toEqual({ data: { _entities: [{ id: '1', text: 'note 1' }] } })
})

test('a caller that leaves is let go at once with its own reason', async () => {
  const left = new AbortController()
  const asked = notes().service.execute({ query: '{ hang }' }, hopOf(member(), left.signal))
  left.abort()
  await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('each event of a subscription is an answer', async () => {
  const { service, push, opened } = notes()
  const stream = service.subscribe({ query: 'subscription { n: ticks }' }, hopOf(member()))
  const first = stream.next()
  await eventually(() => opened() === 1)
  push(1)
  push(2)
  expect(await first).toEqual({ done: false, value: { data: { n: 1 } } })
  expect(await stream.next()).toEqual({ done: false, value: { data: { n: 2 } } })
  await stream.return?.()
})

test('leaving a quiet subscription settles its next and lets go of the source at once', async () => {
  const { service, opened, released } = notes()
  const stream = service.subscribe({ query: 'subscription { ticks }' }, hopOf(member()))
  const waiting = stream.next()
  await eventually(() => opened() === 1)
  await stream.return?.()
  await eventually(() => released() === 1)
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(await stream.next()).toEqual({ done: true, value: undefined })
})

test('a subscription that was never read, or left before it opened, lets go of its source too', async () => {
  const { service, opened, released } = notes()
  const left = new AbortController()
  const stream = service.subscribe({ query: 'subscription { ticks }' }, hopOf(member(), left.signal))
  const waiting = stream.next()
  left.abort()
  expect((await waiting).done).toBe(true)
  await eventually(() => opened() === released())
  const unread = service.subscribe({ query: 'subscription { ticks }' }, hopOf(member()))
  await unread.return?.()
  expect(opened()).toBe(released())
})

test('a refused subscription is one answer with coded errors', async () => {
  const { service } = notes()
  const only = async (query: string, principal = hopOf(undefined)): Promise<unknown> => {
    const answers: SubgraphAnswer[] = []
    for await (const answer of service.subscribe({ query }, principal)) answers.push(answer)
    return [answers.length, answers[0]?.errors?.[0]?.extensions?.['code']]
  }
  expect(await only('subscription {')).toEqual([1, 'GRAPHQL_PARSE_FAILED'])
  expect(await only('subscription { nothing }')).toEqual([1, 'GRAPHQL_VALIDATION_FAILED'])
  expect(await only('subscription A { ticks } subscription B { ticks }')).toEqual([
    1,
    'OPERATION_RESOLUTION_FAILURE',
  ])
  expect(await only('subscription { owned }')).toEqual([1, 'UNAUTHENTICATED'])
  expect(await only('subscription { failing }')).toEqual([1, 'CURSOR_EXPIRED'])
})

test('a subscription ends with UNAUTHENTICATED when the sign-in does', async () => {
  const { service } = notes()
  const soon = member([], { expiresAt: Date.now() / 1000 + 0.05 })
  const stream = service.subscribe({ query: 'subscription { ticks }' }, hopOf(soon))
  expect(await stream.next()).toMatchObject({
    value: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
  })
  expect((await stream.next()).done).toBe(true)
})

test('closing lets requests end, ends subscriptions and refuses new ones', async () => {
  const { service } = notes()
  const stream = service.subscribe({ query: 'subscription { ticks }' }, hopOf(member()))
  const waiting = stream.next()
  const running = service.execute({ query: '{ hello }' }, hopOf(member()))
  await service.close()
  expect(await running).toEqual({ data: { hello: 'hello' } })
  expect((await waiting).done).toBe(true)
  await expect(service.execute({ query: '{ hello }' }, hopOf(member()))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  })
  expect(service.health().ready).toBe(false)
  await service.close()
})
