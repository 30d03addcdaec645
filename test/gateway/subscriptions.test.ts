import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import type { SubgraphResponse } from '../../gateway/execution/subgraph.ts'
import { federated } from '../support/federated.ts'
import type { Federated, RunningSubgraph } from '../support/federated.ts'

/** Events pushed by a test; remembers whether it was let go. */
class Source implements AsyncIterableIterator<SubgraphResponse> {
  readonly #events: SubgraphResponse[] = []
  #wake: (() => void) | undefined
  #failure: Error | undefined
  returned = false

  push(event: SubgraphResponse): void {
    this.#events.push(event)
    this.#wake?.()
  }

  fail(failure: Error): void {
    this.#failure = failure
    this.#wake?.()
  }

  async next(): Promise<IteratorResult<SubgraphResponse>> {
    while (this.#events.length === 0) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.returned) return { done: true, value: undefined }
      await new Promise<void>(resolve => (this.#wake = resolve))
    }
    const value = this.#events.shift()
    return value === undefined ? { done: true, value: undefined } : { done: false, value }
  }

  async return(): Promise<IteratorResult<SubgraphResponse>> {
    this.returned = true
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function rig(): Federated & { readonly source: Source } {
  const source = new Source()
  const gateway = federated(
    {
      events: {
        sdl: `type Query { q: Int } type Subscription { changed(kind: Kind): Change must: Int! } enum Kind { A B }
              type Change { at: Int task: Task } type Task @key(fields: "id") { id: ID! }`,
      },
      tasks: {
        sdl: `type Task @key(fields: "id") { id: ID! title: String! }`,
        resolvers: { Task: { title: ({ id }: { id: string }) => `Task ${id}` } },
      },
    },
    { eventMs: 100 },
  )
  const events: RunningSubgraph = gateway.subgraph('events')
  events.subscribe = request => {
    events.requests.push(request)
    return source
  }
  return { ...gateway, source }
}

const change = (id: number): SubgraphResponse => ({
  data: { c: { at: id, title: { __typename: 'Task', id: String(id) } } },
})
const query = 'subscription ($kind: Kind) { c: changed(kind: $kind) { title: task { name: title } at } }'

test('every event is completed by other subgraphs, in the order of events', async () => {
  const { subscribe, source, subgraph } = rig()
  const answers = await subscribe({ query, variables: { kind: 'B' } })
  const both = [answers.next(), answers.next()]
  source.push(change(1))
  source.push(change(2))
  expect((await Promise.all(both)).map(({ value }) => JSON.stringify(value))).toEqual([
    '{"data":{"c":{"title":{"name":"Task 1"},"at":1}}}',
    '{"data":{"c":{"title":{"name":"Task 2"},"at":2}}}',
  ])
  expect(subgraph('events').requests[0]?.variables).toEqual({ kind: 'B' })
})

test('a dead subgraph blanks its fields of an event, and the stream goes on', async () => {
  const { subscribe, source, subgraph } = rig()
  const answers = await subscribe(query)
  subgraph('tasks').intercept = () => Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'away'))
  source.push(change(1))
  expect((await answers.next()).value).toEqual({
    data: { c: { title: null, at: 1 } },
    errors: [
      {
        message: 'away',
        path: ['c', 'title', 'name'],
        extensions: { code: 'SUBGRAPH_UNREACHABLE', subgraph: 'tasks' },
      },
    ],
  })
  subgraph('tasks').intercept = undefined
  source.push(change(2))
  expect((await answers.next()).value).toEqual({ data: { c: { title: { name: 'Task 2' }, at: 2 } } })
})

test('an event that a passing outage made incomplete is completed before it is told', async () => {
  const { subscribe, source, subgraph } = rig()
  const answers = await subscribe(query)
  let failures = 0
  subgraph('tasks').intercept = async () => {
    if (++failures === 2) subgraph('tasks').intercept = undefined
    throw new EnneadError('UNAVAILABLE', 'away')
  }
  source.push(change(1))
  expect((await answers.next()).value).toEqual({ data: { c: { title: { name: 'Task 1' }, at: 1 } } })
  expect(failures).toBe(2)
})

test('while an outage lasts only its first event waits for it', async () => {
  const { subscribe, source, subgraph } = rig()
  const answers = await subscribe(query)
  let asked = 0
  subgraph('tasks').intercept = async () => {
    asked++
    throw new EnneadError('UNAVAILABLE', 'away')
  }
  for (const id of [1, 2, 3]) source.push(change(id))
  await answers.next()
  const before = asked
  expect(before).toBeGreaterThan(1)
  await answers.next()
  await answers.next()
  expect(asked).toBe(before + 2)
})

test('an event waits for other subgraphs no longer than it may', async () => {
  const { subscribe, source, subgraph } = rig()
  subgraph('tasks').intercept = () => new Promise(() => undefined)
  source.push(change(1))
  expect((await (await subscribe(query)).next()).value).toMatchObject({
    data: { c: { title: null, at: 1 } },
    errors: [{ extensions: { code: 'SUBGRAPH_TIMEOUT' } }],
  })
})

test("an event's own errors and nulls are answers", async () => {
  const { subscribe, source } = rig()
  const answers = await subscribe('subscription { must }')
  source.push({ data: null, errors: [{ message: 'no', path: ['must'], extensions: { code: 'FORBIDDEN' } }] })
  expect((await answers.next()).value).toEqual({
    data: null,
    errors: [{ message: 'no', path: ['must'], extensions: { code: 'FORBIDDEN', subgraph: 'events' } }],
  })
})

test('return lets go of a quiet source at once and settles what waits', async () => {
  const { subscribe, source } = rig()
  const answers = await subscribe(query)
  const waiting = answers.next()
  expect(await answers.return?.()).toEqual({ done: true, value: undefined })
  expect(source.returned).toBe(true)
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(await answers.next()).toEqual({ done: true, value: undefined })
})

test('the caller leaving lets go of the source', async () => {
  const { subscribe, source } = rig()
  const controller = new AbortController()
  const answers = await subscribe(query, { signal: controller.signal })
  const waiting = answers.next()
  controller.abort()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(source.returned).toBe(true)
})

test('a caller who had left before gets nothing and holds nothing', async () => {
  const { subscribe, source } = rig()
  const answers = await subscribe(query, { signal: AbortSignal.abort() })
  expect(await answers.next()).toEqual({ done: true, value: undefined })
  expect(source.returned).toBe(true)
})

test('the end of the source ends the answers; its failure is thrown with a code, once', async () => {
  const { subscribe, source } = rig()
  const answers = await subscribe(query)
  source.fail(new Error('ECONNRESET 10.0.0.1'))
  const failure: unknown = await answers.next().catch((failure: unknown) => failure)
  expect(failure).toMatchObject({
    code: 'SUBGRAPH_UNREACHABLE',
    message: 'the stream of subgraph "events" broke',
  })
  expect(await answers.next()).toEqual({ done: true, value: undefined })
})
