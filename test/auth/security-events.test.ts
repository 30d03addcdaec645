import { appendFile, copyFile, rename, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { systemClock } from '../../kernel/clock.ts'
import { silentLog } from '../../kernel/log.ts'
import type { Position } from '../../events/position.ts'
import { AuditLog } from '../../subgraphs/auth/audit/audit-log.ts'
import { auditEvents } from '../../subgraphs/auth/audit/follow-audit.ts'
import { temporaryFolder } from './auth-desk.ts'

const workspaces = ['workspace_a', 'workspace_b'] as const

interface Followed extends AsyncDisposable {
  readonly path: string
  readonly log: AuditLog
  write(place: number, userId: string): Promise<void>
  /** Users of the entries behind a place, read in pages of so many. */
  behind(after: Position, first: number, workspaceId?: string): Promise<readonly string[]>
  head(): Promise<Position>
}

async function followed(): Promise<Followed> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'audit.ndjson')
  const log = await AuditLog.open({ path, clock: systemClock, log: silentLog })
  const events = auditEvents(path, systemClock)
  const { signal } = new AbortController()
  const read = (after: Position | undefined, first: number, workspaceId?: string) => {
    const narrow = workspaceId === undefined ? undefined : { workspaceId }
    return events.read({ after, first, waitMs: 0, narrow }, signal)
  }
  return {
    path,
    log,
    write(place, userId) {
      const workspaceId = workspaces[place]
      return log.append(
        workspaceId === undefined
          ? { kind: 'SIGN_IN_REFUSED', account: userId, why: 'wrong' }
          : { kind: 'SIGNED_IN', userId, workspaceId, sessionId: 'session_1' },
        { userAgent: '\n"}\u2028'.repeat(50) },
      )
    },
    async behind(after, first, workspaceId) {
      const seen: string[] = []
      for (let from = after; ;) {
        const { entries, next } = await read(from, first, workspaceId)
        for (const { entry } of entries) seen.push('userId' in entry ? (entry.userId ?? '') : 'nobody')
        if (next.seq === from.seq) return seen
        from = next
      }
    },
    head: async () => (await read(undefined, 1)).next,
    async [Symbol.asyncDispose]() {
      await log.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('behind any place stand all entries that came after it, in order, once, in pages of any size', async () => {
  const places = fc.array(fc.nat(2), { maxLength: 30 })
  const sizes = fc.integer({ min: 1, max: 7 })
  await fc.assert(
    fc.asyncProperty(places, places, sizes, async (before, later, first) => {
      await using log = await followed()
      const write = (given: readonly number[], prefix: string): Promise<unknown> =>
        Promise.all(given.map((place, index) => log.write(place, `${prefix}${index}`)))
      await write(before, 'before')
      const head = await log.head()
      await write(later, 'later')
      const names = later.map((place, index) => (place === 2 ? 'nobody' : `later${index}`))
      expect(await log.behind(head, first)).toEqual(names)
      for (const [place, workspaceId] of workspaces.entries())
        expect(await log.behind(head, first, workspaceId)).toEqual(
          names.filter((_name, index) => later[index] === place),
        )
    }),
    { numRuns: 25 },
  )
})

test('half a line is no entry until it is whole', async () => {
  await using log = await followed()
  await log.write(0, 'user_1')
  const before = await log.head()
  await appendFile(log.path, '{"seq":2,"kind":"SIGNED_IN","userId":"user_2","hash":')
  expect(await log.head()).toEqual(before)
  expect(await log.behind(before, 10)).toEqual([])
  await appendFile(log.path, '"x"}\n')
  expect(await log.behind(before, 10)).toEqual(['user_2'])
})

test('a place in a file that was cut, or in another file of that name, is told as no longer kept', async () => {
  await using log = await followed()
  for (const user of ['user_1', 'user_2']) await log.write(0, user)
  const head = await log.head()
  const expired = { code: 'CURSOR_EXPIRED' }
  await expect(log.behind({ ...head, seq: head.seq - 1 }, 10)).rejects.toMatchObject(expired)
  await truncate(log.path, head.seq - 10)
  await expect(log.behind(head, 10)).rejects.toMatchObject(expired)
  await copyFile(log.path, `${log.path}.restored`)
  await rename(`${log.path}.restored`, log.path)
  await expect(log.behind({ ...head, seq: 0 }, 10)).rejects.toMatchObject(expired)
})

test('a reader that waits gets the next entry, and leaves when told to', async () => {
  await using log = await followed()
  const events = auditEvents(log.path, systemClock)
  const after = await log.head()
  const left = new AbortController()
  const waiting = { after, first: 10, waitMs: 60_000, narrow: undefined }
  const next = events.read(waiting, left.signal)
  await log.write(1, 'user_1')
  expect((await next).entries).toMatchObject([{ entry: { userId: 'user_1' } }])
  const quiet = events.read({ ...waiting, after: await log.head() }, left.signal)
  left.abort()
  await expect(quiet).rejects.toMatchObject({ name: 'AbortError' })
})
