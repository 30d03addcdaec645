import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { guardedSubgraph } from '../../gateway/execution/guarded-subgraph.ts'
import type { GuardedSubgraph, GuardedSubgraphOptions } from '../../gateway/execution/guarded-subgraph.ts'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import { contextForTest } from '../support/federated.ts'

type Behaviour = (response: ServerResponse) => void

const json = (response: ServerResponse, value: unknown, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
const good: Behaviour = response => json(response, { data: { a: 1 } })
const failing: Behaviour = response => void response.writeHead(500).end()

interface Place {
  behave: Behaviour
  requests: number
}

interface Rig extends AsyncDisposable {
  readonly subgraph: GuardedSubgraph
  readonly places: readonly [Place, Place]
  readonly code: (query?: string, remainingMs?: number) => Promise<unknown>
}

/** Real servers, one for each behaviour; at least the first. */
async function rig(
  behaviours: readonly Behaviour[],
  options: Partial<GuardedSubgraphOptions> = {},
): Promise<Rig> {
  await using started = new AsyncDisposableStack()
  const places: Place[] = []
  const ways = []
  for (const behave of behaviours) {
    const place: Place = { behave, requests: 0 }
    places.push(place)
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        place.requests++
        place.behave(response)
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    started.defer(async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    })
    // A TCP server's address is never a string.
    const { port } = server.address() as AddressInfo
    ways.push(httpSubgraph({ name: 'stock', url: `http://127.0.0.1:${port}/` }))
  }
  const subgraph = guardedSubgraph({ name: 'stock', ways, ...options })
  started.defer(() => subgraph.close())
  const all = started.move()
  const none: Place = { behave: good, requests: 0 }
  return {
    subgraph,
    places: [places[0] ?? none, places[1] ?? none],
    async code(query = '{ a }', remainingMs = 10_000) {
      try {
        return (await subgraph.execute({ query }, contextForTest({ remainingMs }))).data
      } catch (failure) {
        return failure instanceof Error && 'code' in failure ? failure.code : failure
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

test('a subgraph that fails again and again is refused at once instead of asked, and asked again after its rest', async () => {
  await using server = await rig([failing])
  for (let n = 0; n < 16; n++) expect(await server.code()).toBe('SUBGRAPH_BAD_ANSWER')
  const { requests } = server.places[0]
  expect(await server.code()).toBe('OVERLOADED')
  expect(server.places[0].requests).toBe(requests)
  server.places[0].behave = good
  await expect.poll(() => server.code(), { timeout: 10_000 }).toEqual({ a: 1 })
})

test('errors with a code that says the place fails count, others do not, and the client gets the answer all the same', async () => {
  const refusing = (code: string): Behaviour => {
    return response => json(response, { data: null, errors: [{ message: 'no', extensions: { code } }] })
  }
  await using down = await rig([refusing('UNAVAILABLE')])
  for (let n = 0; n < 16; n++) expect(await down.code()).toBeNull()
  expect(await down.code()).toBe('OVERLOADED')
  await using picky = await rig([refusing('FORBIDDEN')])
  for (let n = 0; n < 40; n++) expect(await picky.code()).toBeNull()
  await using own = await rig([refusing('FORBIDDEN')], { failureCodes: ['FORBIDDEN'] })
  for (let n = 0; n < 16; n++) await own.code()
  expect(await own.code()).toBe('OVERLOADED')
})

test('a query that fails in one place is answered by another, and the failing place is left out soon', async () => {
  await using server = await rig([failing, good])
  for (let n = 0; n < 100; n++) expect(await server.code()).toEqual({ a: 1 })
  expect(server.places[0].requests).toBeLessThan(30)
})

test('a query that hangs in one place is asked of another beside it', async () => {
  await using server = await rig([good, good])
  // What 95 % of queries take is known after 128 of them.
  for (let n = 0; n < 130; n++) await server.code()
  server.places[0].behave = () => undefined
  for (let n = 0; n < 10; n++) expect(await server.code()).toEqual({ a: 1 })
})

test('a mutation is sent to one place once, whatever becomes of it', async () => {
  await using server = await rig([failing, failing])
  expect(await server.code('mutation { a }')).toBe('SUBGRAPH_BAD_ANSWER')
  expect(server.places[0].requests + server.places[1].requests).toBe(1)
})

test('a subgraph has its own time, and callers who have less time have that', async () => {
  await using slow = await rig([() => undefined], { timeoutMs: 50 })
  expect(await slow.code()).toBe('SUBGRAPH_TIMEOUT')
  await using patient = await rig([() => undefined])
  expect(await patient.code('{ a }', 50)).toBe('SUBGRAPH_TIMEOUT')
})
