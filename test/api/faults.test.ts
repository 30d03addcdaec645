import { describe, expect, test } from 'vitest'
import { CursorCodec } from '../../events/cursor.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import { eventually } from '../service/fixture.ts'
import { cursorKey, littleApi, type LittleApi, workspaceId } from './little-api.ts'
import type { Way } from './little-db.ts'

const query = 'subscription ($after: String) { taskEvents(after: $after) { id } }'
const ways: readonly Way[] = ['websocket', 'graphql', 'rest']

/** A subscriber that collects the ids of all events from the log's beginning. */
function collect(api: LittleApi): { readonly seen: string[]; readonly stop: () => Promise<void> } {
  const after = new CursorCodec(cursorKey).encode({ epoch: api.log.epoch, seq: 0 }, workspaceId)
  const stream = api.follow(query, { after })
  const seen: string[] = []
  const run = async (): Promise<void> => {
    for await (const { data, errors } of stream) {
      // The subscription asks for nothing else.
      seen.push(
        errors === undefined
          ? (data as { taskEvents: { id: string } }).taskEvents.id
          : JSON.stringify(errors),
      )
    }
  }
  const running = run()
  return {
    seen,
    async stop() {
      await stream.return?.()
      await running
    },
  }
}

function happen(api: LittleApi, count: number): void {
  for (let index = 0; index < count; index++) api.log.append({ workspaceId })
}

async function expectAll(api: LittleApi, seen: readonly string[], withinMs = 10_000): Promise<void> {
  await eventually(() => seen.length >= api.log.entries.length, withinMs)
  expect(seen).toEqual(api.log.entries.map(entry => entry.id))
}

/** Breaks a way as it breaks in life: new requests fail, and what is open breaks. */
function breakDown(api: LittleApi, way: Way): void {
  api.faults.broken.add(way)
  if (way === 'websocket') api.faults.cut()
}

describe.each(ways)('with the way by %s', way => {
  test('switched off, reads and subscriptions go on and health shows it absent', async () => {
    await using api = await littleApi({ absent: new Map([[way, 'switched off by configuration']]) })
    await expectReads(api)
    const subscriber = collect(api)
    happen(api, 20)
    await expectAll(api, subscriber.seen)
    await subscriber.stop()
    expect(api.domain.health().agents.find(agent => agent.name === way)?.state).toBe('absent')
    expect(api.domain.health().ready).toBe(true)
  })

  test('broken at run time, no read fails and no event is lost or repeated', async () => {
    await using api = await littleApi()
    const subscriber = collect(api)
    happen(api, 10)
    await expectAll(api, subscriber.seen)
    breakDown(api, way)
    happen(api, 10)
    await expectReads(api)
    await expectAll(api, subscriber.seen)
    api.faults.broken.clear()
    happen(api, 10)
    await expectAll(api, subscriber.seen)
    await subscriber.stop()
  })

  test('the only one left, reads and subscriptions go on', async () => {
    await using api = await littleApi()
    const subscriber = collect(api)
    happen(api, 5)
    await expectAll(api, subscriber.seen)
    for (const other of ways.filter(one => one !== way)) breakDown(api, other)
    happen(api, 5)
    await expectAll(api, subscriber.seen)
    if (way !== 'websocket') await expectReads(api)
    await subscriber.stop()
  })
})

function stateOf(api: LittleApi, way: Way): string | undefined {
  return api.domain.health().agents.find(agent => agent.name === way)?.state
}

/** The reads that every way can serve. */
async function expectReads(api: LittleApi): Promise<void> {
  const id = newGlobalId('Task')
  api.log.objects.set(id, workspaceId)
  const one = `{ node(id: "${id}") { id } }`
  for (let count = 0; count < 40; count++) {
    expect(await api.ask(one)).toEqual({ data: { node: { id } } })
  }
}

test('a way that hangs costs its attempt, not the read', async () => {
  await using api = await littleApi({ attemptMs: 200 })
  api.faults.hanging.add('graphql')
  await expectReads(api)
})

test('a broken stream shows as failing although nobody has used it', async () => {
  await using api = await littleApi()
  await eventually(() => stateOf(api, 'websocket') === 'ok')
  breakDown(api, 'websocket')
  await eventually(() => stateOf(api, 'websocket') === 'failing')
  expect(api.domain.health().ready).toBe(true)
  api.faults.broken.clear()
  await eventually(() => stateOf(api, 'websocket') === 'ok')
})

test('many activities in a row do not use up what there is for retries', async () => {
  await using api = await littleApi()
  const { taskId } = api.log.append({ workspaceId })
  const query = `query ($task: [_Any!]!) { _entities(representations: $task) { ... on Task { activity { nodes { id } } } } }`
  const task = Array.from({ length: 100 }, () => ({ __typename: 'Task', id: taskId }))
  for (let count = 0; count < 4; count++) {
    expect((await api.ask(query, { task })).errors).toBeUndefined()
  }
})

test('a stream that went silent without closing is left for another way', async () => {
  await using api = await littleApi()
  const subscriber = collect(api)
  happen(api, 5)
  await expectAll(api, subscriber.seen)
  api.faults.freeze()
  happen(api, 5)
  await expectAll(api, subscriber.seen)
  await subscriber.stop()
})

test('while db is away subscribers wait, and afterwards miss nothing', async () => {
  await using api = await littleApi()
  const subscriber = collect(api)
  happen(api, 5)
  await expectAll(api, subscriber.seen)
  await api.stopDb()
  happen(api, 5)
  await eventually(() => api.domain.health().agents.some(agent => agent.state !== 'ok'))
  await api.startDb()
  happen(api, 5)
  await expectAll(api, subscriber.seen)
  expect(subscriber.seen).toHaveLength(15)
  await subscriber.stop()
})

test('a new life of the log ends subscriptions with CURSOR_EXPIRED', async () => {
  await using api = await littleApi()
  const subscriber = collect(api)
  happen(api, 5)
  await expectAll(api, subscriber.seen)
  await api.stopDb()
  api.log.beginAnew('life-2')
  happen(api, 1)
  await api.startDb()
  await eventually(() => subscriber.seen.length === 6, 10_000)
  expect(subscriber.seen[5]).toContain('CURSOR_EXPIRED')
  expect(subscriber.seen[5]).not.toContain('life-2')
  await subscriber.stop()
})
