import { describe, expect, test } from 'vitest'
import type { Attempt } from '../../dispatch/port.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import type {
  ChangeLogEntry,
  ChangeLogPage,
  ChangesRead,
  TaskChannel,
} from '../../subgraphs/api/task-channel.ts'

/** A channel to a db of its own, and hands on that db. */
export interface ChannelUnderTest extends AsyncDisposable {
  readonly channel: Partial<TaskChannel>
  /** Makes something happen to a task; answers the entry as db has it. */
  readonly append: (where: Partial<ChangeLogEntry> & { readonly workspaceId: string }) => ChangeLogEntry
  /** Makes db hold this object for this workspace. */
  readonly hold: (id: string, workspaceId: string) => void
  /** Replaces db's log by an empty one of another epoch. */
  readonly beginAnew: () => void
  readonly principal: ActorPrincipal
}

const forward = { after: undefined, first: 100, waitMs: 0 } as const

/** What every way to db promises. `open` gives each test a db of its own. */
export function taskChannelContract(name: string, open: () => Promise<ChannelUnderTest>): void {
  const workspaceId = 'workspace_0000000000000000000000000a'
  const other = 'workspace_0000000000000000000000000b'

  describe(`the ${name} channel`, () => {
    test('tells the head when no position is given', async () => {
      await using under = await open()
      const entry = under.append({ workspaceId })
      const head = await eventuallyHead(under, entry.position)
      expect(head).toEqual({ entries: [], next: entry.position, more: false })
    })

    test('reads behind a position in order, whole entries, page by page', async () => {
      await using under = await open()
      const start = (await changes(under, forward)).next
      const appended = Array.from({ length: 5 }, () =>
        under.append({ workspaceId, changed: ['title', 'status'] }),
      )
      await eventuallyHead(under, appended.at(-1)?.position)
      const first = await changes(under, { ...forward, after: start, first: 3 })
      expect(first).toEqual({ entries: appended.slice(0, 3), next: appended[2]?.position, more: true })
      const second = await changes(under, { ...forward, after: first.next, first: 3 })
      expect(second).toMatchObject({ entries: appended.slice(3), next: appended[4]?.position, more: false })
    })

    test('waits for the next entry, and answers empty when the wait is over', async () => {
      await using under = await open()
      const start = (await changes(under, forward)).next
      const waiting = changes(under, { ...forward, after: start, waitMs: 5_000 })
      const entry = under.append({ workspaceId })
      expect((await waiting).entries).toEqual([entry])
      const empty = await changes(under, { ...forward, after: entry.position, waitMs: 20 })
      expect(empty).toEqual({ entries: [], next: entry.position, more: false })
    })

    test('a wait ends when its signal aborts', async () => {
      await using under = await open()
      const { next } = await changes(under, forward)
      const left = new AbortController()
      const waiting = changes(under, { ...forward, after: next, waitMs: 20_000 }, left.signal)
      left.abort()
      await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    })

    test('narrows to a workspace, a project and a task, and moves on over what it leaves out', async () => {
      await using under = await open()
      const start = (await changes(under, forward)).next
      const taskId = 'task_0000000000000000000000000b'
      const projectId = 'project_0000000000000000000000000b'
      under.append({ workspaceId: other })
      const plain = under.append({ workspaceId })
      const ofProject = under.append({ workspaceId, projectId })
      const ofTask = under.append({ workspaceId, projectId, taskId })
      const last = under.append({ workspaceId: other, projectId, taskId })
      await eventuallyHead(under, last.position)
      const read = { ...forward, after: start }
      expect((await changes(under, { ...read, workspaceId })).entries).toEqual([plain, ofProject, ofTask])
      expect((await changes(under, { ...read, workspaceId, projectId })).entries).toEqual([ofProject, ofTask])
      const narrowest = await changes(under, { ...read, workspaceId, projectId, taskId })
      expect(narrowest).toEqual({ entries: [ofTask], next: last.position, more: false })
    })

    test('a position of another life of the log is never answered with entries', async () => {
      await using under = await open()
      const { position } = under.append({ workspaceId })
      under.beginAnew()
      under.append({ workspaceId })
      const codes = await eventuallyRefused(() => changes(under, { ...forward, after: position }))
      // A held stream does not judge positions it does not know; the other ways do.
      expect(codes).toBe(name === 'websocket' ? 'OVERLOADED' : 'CURSOR_EXPIRED')
    })

    test('says which ids name objects the principal may read', async () => {
      await using under = await open()
      const mine = [
        `task_${'0'.repeat(25)}1`,
        `project_${'0'.repeat(25)}2`,
        `label_${'0'.repeat(25)}3`,
        `comment_${'0'.repeat(25)}4`,
      ]
      for (const id of mine) under.hold(id, under.principal.workspaceId)
      const theirs = `task_${'0'.repeat(25)}5`
      under.hold(theirs, other)
      const ids = [...mine, theirs, `task_${'0'.repeat(25)}6`, 'nonsense', `user_${'0'.repeat(25)}7`]
      const existing = await operation(under.channel.existing)({ principal: under.principal, ids }, attempt())
      expect([...existing].toSorted()).toEqual(mine.toSorted())
      expect(
        await operation(under.channel.existing)({ principal: under.principal, ids: [] }, attempt()),
      ).toEqual(new Set())
    })
  })
}

/** What every way that reaches all of the log promises besides. */
export function historyContract(name: string, open: () => Promise<ChannelUnderTest>): void {
  const workspaceId = 'workspace_0000000000000000000000000a'
  const taskId = 'task_0000000000000000000000000b'

  test(`the ${name} channel reads a task from the newest backwards, page by page`, async () => {
    await using under = await open()
    const history = operation(under.channel.history)
    const appended = Array.from({ length: 5 }, () => under.append({ workspaceId, taskId }))
    under.append({ workspaceId })
    const read = { after: undefined, first: 3, workspaceId, taskId, newestFirst: true }
    const newest = await history(read, attempt())
    expect(newest.entries).toEqual(appended.slice(2).toReversed())
    const older = await history({ ...read, after: newest.entries[2]?.position }, attempt())
    expect(older).toMatchObject({ entries: appended.slice(0, 2).toReversed(), more: false })
  })

  test(`the ${name} channel reads forwards from any place without waiting`, async () => {
    await using under = await open()
    const history = operation(under.channel.history)
    const [first, second] = [under.append({ workspaceId }), under.append({ workspaceId, taskId })]
    const read = { after: first.position, first: 10 }
    expect(await history(read, attempt())).toEqual({ entries: [second], next: second.position, more: false })
    const end = await history({ ...read, after: second.position }, attempt())
    expect(end).toEqual({ entries: [], next: second.position, more: false })
  })
}

export function attempt(signal: AbortSignal = new AbortController().signal): Attempt {
  return { signal, remainingMs: 10_000, number: 1 }
}

function changes(under: ChannelUnderTest, read: ChangesRead, signal?: AbortSignal): Promise<ChangeLogPage> {
  return operation(under.channel.changes)(read, attempt(signal))
}

/** A held stream learns of the head a moment later than db does. */
async function eventuallyHead(under: ChannelUnderTest, position: string | undefined): Promise<ChangeLogPage> {
  const until = performance.now() + 5_000
  for (;;) {
    const page = await changes(under, forward)
    if (page.next === position) return page
    if (performance.now() > until) throw new Error(`the head is still ${page.next}, not ${position}`)
    await new Promise(resolve => setTimeout(resolve, 2))
  }
}

/** The code of the refusal; until it comes, answers must be empty. A held stream hears of a new log a moment later. */
async function eventuallyRefused(read: () => Promise<ChangeLogPage>): Promise<unknown> {
  const until = performance.now() + 5_000
  while (performance.now() < until) {
    try {
      const { entries } = await read()
      if (entries.length > 0) throw new Error('entries of another log were answered')
    } catch (failure) {
      const code: unknown = failure instanceof EnneadError ? failure.code : failure
      // A stream that has just been broken is connecting again.
      if (code !== 'AGENT_FAULT') return code
    }
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  throw new Error('the position was never refused')
}

function operation<F>(served: F | undefined): F {
  if (served === undefined) throw new Error('the channel leaves this operation out')
  return served
}
