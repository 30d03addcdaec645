import { expect, test } from 'vitest'
import type { SubgraphAnswer } from '../../subgraphs/service/subgraph-service.ts'
import { CursorCodec } from '../../events/cursor.ts'
import { hopOf, member } from '../service/fixture.ts'
import { codeOf, cursorKey, littleApi, type LittleApi, otherWorkspaceId, workspaceId } from './little-api.ts'

const query = `subscription ($projectId: ID, $taskId: ID, $kinds: [TaskEventKind!], $after: String) {
  taskEvents(projectId: $projectId, taskId: $taskId, kinds: $kinds, after: $after) { id cursor kind task { id } actor { id } }
}`

interface Event {
  readonly id: string
  readonly cursor: string
}

/** The next event of a stream. */
async function next(stream: AsyncIterator<SubgraphAnswer>): Promise<Event> {
  const { value } = await stream.next()
  // The subscription asks for these fields; an answer without them fails the test by itself.
  const answer = value as { readonly data: { readonly taskEvents: Event } }
  return answer.data.taskEvents
}

async function ids(stream: AsyncIterator<SubgraphAnswer>, count: number): Promise<string[]> {
  const seen: string[] = []
  while (seen.length < count) seen.push((await next(stream)).id)
  return seen
}

/** A cursor before everything. */
function start(api: LittleApi, epoch = api.log.epoch): string {
  return new CursorCodec(cursorKey).encode({ epoch, seq: 0 }, workspaceId)
}

test('events behind a cursor are sent first, then what happens, each once and in order', async () => {
  await using api = await littleApi()
  const before = Array.from({ length: 3 }, () => api.log.append({ workspaceId }))
  const stream = api.follow(query, { after: start(api) })
  expect(await ids(stream, 3)).toEqual(before.map(entry => entry.id))
  const entry = api.log.append({ workspaceId })
  expect(await next(stream)).toMatchObject({ id: entry.id, kind: 'CREATED', task: { id: entry.taskId } })
  await stream.return?.()
})

test('a subscription resumes behind the last event its client has seen', async () => {
  await using api = await littleApi()
  const first = api.follow(query, { after: start(api) })
  const entries = Array.from({ length: 6 }, () => api.log.append({ workspaceId }))
  const seen = [await next(first), await next(first), await next(first)]
  await first.return?.()
  const resumed = api.follow(query, { after: seen[2]?.cursor })
  expect(await ids(resumed, 3)).toEqual(entries.slice(3).map(entry => entry.id))
  await resumed.return?.()
})

test('without a cursor only what happens from now on is sent', async () => {
  await using api = await littleApi()
  api.log.append({ workspaceId })
  const first = api.follow(query)
  const waiting = next(first)
  // An event arrives: by then the feed follows, and what came before is history.
  const ticker = setInterval(() => api.log.append({ workspaceId }), 5)
  await waiting
  clearInterval(ticker)
  const second = api.follow(query, {})
  const entry = await nextOf(api, second)
  expect(api.log.entries.indexOf(entry)).toBeGreaterThan(0)
  await first.return?.()
  await second.return?.()
})

/** Appends until the stream gives an event, and answers the entry it gave. */
async function nextOf(
  api: LittleApi,
  stream: AsyncIterator<SubgraphAnswer>,
): Promise<LittleApi['log']['entries'][number]> {
  const waiting = next(stream)
  const ticker = setInterval(() => api.log.append({ workspaceId }), 5)
  const { id } = await waiting
  clearInterval(ticker)
  const entry = api.log.entries.find(one => one.id === id)
  if (entry === undefined) throw new Error('an event that never happened')
  return entry
}

test("events are narrowed by project, task and kinds, and another workspace's never appear", async () => {
  await using api = await littleApi()
  const [taskId, projectId] = ['task_0000000000000000000000000c', 'project_0000000000000000000000000c']
  const after = start(api)
  api.log.append({ workspaceId: otherWorkspaceId, taskId, projectId, kind: 'DELETED' })
  const plain = api.log.append({ workspaceId })
  const ofProject = api.log.append({ workspaceId, projectId })
  const ofTask = api.log.append({ workspaceId, projectId, taskId, kind: 'ASSIGNED' })
  const deleted = api.log.append({ workspaceId, projectId, taskId, kind: 'DELETED' })
  const expected: [object, object[]][] = [
    [{}, [plain, ofProject, ofTask, deleted]],
    [{ projectId }, [ofProject, ofTask, deleted]],
    [{ taskId }, [ofTask, deleted]],
    [{ kinds: ['DELETED'] }, [deleted]],
    [{ taskId, kinds: ['ASSIGNED', 'CREATED'] }, [ofTask]],
  ]
  for (const [filter, entries] of expected) {
    const stream = api.follow(query, { ...filter, after })
    expect(await ids(stream, entries.length)).toEqual(entries.map(entry => ('id' in entry ? entry.id : '')))
    await stream.return?.()
  }
})

test('cursors that are made up or of another workspace are CURSOR_INVALID, those of another log CURSOR_EXPIRED', async () => {
  await using api = await littleApi()
  const first = async (after: string): Promise<unknown> => {
    const { value } = await api.follow(query, { after }).next()
    return codeOf(value as SubgraphAnswer)
  }
  expect(await first('nonsense')).toBe('CURSOR_INVALID')
  const theirs = new CursorCodec(cursorKey).encode({ epoch: 'life-1', seq: 0 }, otherWorkspaceId)
  expect(await first(theirs)).toBe('CURSOR_INVALID')
  expect(await first(start(api, 'life-0'))).toBe('CURSOR_EXPIRED')
})

test('without sign-in, without the scope and for a service there are no events', async () => {
  await using api = await littleApi()
  const first = async (principal: Parameters<typeof hopOf>[0]): Promise<unknown> => {
    const { value } = await api.service.subscribe({ query }, hopOf(principal)).next()
    return codeOf(value as SubgraphAnswer)
  }
  expect(await first(undefined)).toBe('UNAUTHENTICATED')
  expect(await first(member([]))).toBe('FORBIDDEN')
  expect(await first({ kind: 'service', name: 'gateway' })).toBe('FORBIDDEN')
  expect(api.domain.feed.listening).toBe(0)
})

test('leaving a quiet subscription lets go of the feed at once', async () => {
  await using api = await littleApi()
  const left = new AbortController()
  const stream = api.service.subscribe({ query }, hopOf(member(), left.signal))
  const waiting = stream.next()
  const until = performance.now() + 5_000
  while (api.domain.feed.listening === 0 && performance.now() < until) await new Promise(setImmediate)
  expect(api.domain.feed.listening).toBe(1)
  left.abort()
  expect((await waiting).done).toBe(true)
  expect(api.domain.feed.listening).toBe(0)
})
