import { expect, test } from 'vitest'
import type { SubgraphAnswer } from '../../subgraphs/service/subgraph-service.ts'
import { CursorCodec } from '../../events/cursor.ts'
import { hopOf, member } from '../service/fixture.ts'
import { codeOf, cursorKey, littleApi, type LittleApi, otherWorkspaceId, workspaceId } from './little-api.ts'

const query = `query ($after: String, $first: Int! = 50, $waitMs: Int! = 0, $taskId: ID, $kinds: [TaskEventKind!]) {
  changes(after: $after, first: $first, waitMs: $waitMs, taskId: $taskId, kinds: $kinds) {
    events { id cursor kind task { id } } cursor more
  }
}`

interface Page {
  readonly events: readonly { readonly id: string; readonly cursor: string }[]
  readonly cursor: string
  readonly more: boolean
}

/** Longer than any test, and than the time a request has here: who waits so long waits for an event. */
const longMs = 60_000

async function changes(api: LittleApi, variables: Readonly<Record<string, unknown>>): Promise<Page> {
  const answer = await api.ask(query, variables)
  if (answer.data === null || answer.data === undefined) throw new Error(JSON.stringify(answer.errors))
  // The query asks for these fields.
  return (answer.data as { readonly changes: Page }).changes
}

const start = (api: LittleApi, epoch = api.log.epoch): string =>
  new CursorCodec(cursorKey).encode({ epoch, seq: 0 }, workspaceId)
const idsOf = ({ events }: Page): readonly string[] => events.map(({ id }) => id)

test('page by page a client without a stream gets the events of the subscription: each once, in their order', async () => {
  await using api = await littleApi()
  const entries = Array.from({ length: 7 }, () => api.log.append({ workspaceId }))
  api.log.append({ workspaceId: otherWorkspaceId })
  const seen: string[] = []
  let after = start(api)
  for (const more of [true, true, false]) {
    const page = await changes(api, { after, first: 3 })
    seen.push(...idsOf(page))
    expect(page.more).toBe(more)
    after = page.cursor
  }
  expect(seen).toEqual(entries.map(({ id }) => id))
  expect(await changes(api, { after })).toMatchObject({ events: [], more: false })

  const stream = api.follow('subscription ($after: String) { taskEvents(after: $after) { id } }', {
    after: (await changes(api, { after: start(api), first: 4 })).cursor,
  })
  const { value } = await stream.next()
  expect((value as SubgraphAnswer).data).toEqual({ taskEvents: { id: entries[4]?.id } })
  await stream.return?.()
})

test('a page that would be empty waits for the first event that is wanted, and the next goes on behind it', async () => {
  await using api = await littleApi()
  const { cursor } = await changes(api, { after: start(api) })
  const taskId = 'task_0000000000000000000000000c'
  const waiting = changes(api, { after: cursor, waitMs: longMs, taskId, kinds: ['DELETED'] })
  api.log.append({ workspaceId })
  api.log.append({ workspaceId, taskId })
  const wanted = api.log.append({ workspaceId, taskId, kind: 'DELETED' })
  const page = await waiting
  expect(idsOf(page)).toEqual([wanted.id])
  expect(await changes(api, { after: page.cursor })).toMatchObject({ events: [] })
  expect(idsOf(await changes(api, { after: cursor }))).toHaveLength(3)
})

test('the first question needs no cursor: it is answered with one, behind which nothing is missed', async () => {
  await using api = await littleApi()
  api.log.append({ workspaceId })
  const { events, cursor } = await changes(api, {})
  expect(events).toEqual([])
  const entry = api.log.append({ workspaceId })
  expect(idsOf(await changes(api, { after: cursor, waitMs: longMs }))).toEqual([entry.id])
})

test('a cursor of another life of the log, another workspace, and arguments out of bounds are refused with their code', async () => {
  await using api = await littleApi()
  const code = async (variables: Readonly<Record<string, unknown>>): Promise<unknown> =>
    codeOf(await api.ask(query, variables))
  const theirs = new CursorCodec(cursorKey).encode({ epoch: 'life-1', seq: 0 }, otherWorkspaceId)
  expect(await code({ after: theirs })).toBe('CURSOR_INVALID')
  expect(await code({ after: start(api, 'life-0') })).toBe('CURSOR_EXPIRED')
  expect(await code({ first: 101 })).toBe('BAD_USER_INPUT')
  expect(await code({ waitMs: -1 })).toBe('BAD_USER_INPUT')
  expect(codeOf(await api.ask(query, {}, member(['tasks:read'], { rules: [] })))).toBe('FORBIDDEN')
})

test('while the log cannot be read, that is what is told, and not that nothing has happened', async () => {
  await using api = await littleApi()
  await api.stopDb()
  const hop = { ...hopOf(member()), remainingMs: 400 }
  const asked = { query, variables: { after: start(api) } }
  expect(codeOf(await api.service.execute(asked, hop))).toBe('UNAVAILABLE')
})
