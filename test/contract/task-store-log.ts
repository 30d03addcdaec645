import { expect, test } from 'vitest'
import type { TaskStore } from '../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, receipt, task } from './sample-records.ts'
import { attempt, codeOf, fill, type Given, promised, withStore } from './store-under-test.ts'

/** What every store promises of its log. */
export function logPromises(given: Given): void {
  const commits = [
    commitOf('c1', task('task_a', { projectId: 'p1' })),
    commitOf('c2', task('task_b', { projectId: 'p2' })),
    commitOf('c3', task('task_n'), { event: undefined }),
    commitOf('c4', task('task_c', { projectId: 'p1', workspaceId: 'workspace_2' })),
    commitOf('c5', task('task_a', { projectId: 'p1', version: 2 })),
  ]
  const seqs = async (store: TaskStore, read: Parameters<TaskStore['log']>[0]): Promise<number[]> =>
    (await store.log(read, attempt())).map(entry => entry.position.seq)

  test('the log is read forwards from a place and backwards from the head, in pages', async () => {
    await withStore(given, async store => {
      const empty = given.promises.has('facts') ? [] : 'OVERLOADED'
      expect(await seqs(store, { afterSeq: 0, limit: 10 }).catch(codeOf)).toEqual(empty)
      await fill(store, commits)
      expect(await store.log({ afterSeq: 0, limit: 10 }, attempt())).toEqual(
        commits.map((commit, index) => entryOf(index + 1, commit)),
      )
      expect(await seqs(store, { afterSeq: 2, limit: 2 })).toEqual([3, 4])
      expect(await seqs(store, { afterSeq: 5, limit: 2 })).toEqual([])
      expect(await seqs(store, { afterSeq: 0, limit: 2, newestFirst: true })).toEqual([5, 4])
      expect(await seqs(store, { afterSeq: 4, limit: 10, newestFirst: true })).toEqual([3, 2, 1])
      expect(await seqs(store, { afterSeq: 1, limit: 10, newestFirst: true })).toEqual([])
    })
  })

  test('the log is filtered by workspace, project and task, and then leaves out what has no event', async () => {
    await withStore(given, async store => {
      await fill(store, commits)
      expect(await seqs(store, { afterSeq: 0, limit: 10, workspaceId: 'workspace_1' })).toEqual([1, 2, 5])
      expect(await seqs(store, { afterSeq: 0, limit: 2, workspaceId: 'workspace_1' })).toEqual([1, 2])
      expect(await seqs(store, { afterSeq: 0, limit: 10, projectId: 'p1' })).toEqual([1, 4, 5])
      expect(await seqs(store, { afterSeq: 1, limit: 10, taskId: 'task_a' })).toEqual([5])
      expect(
        await seqs(store, { afterSeq: 0, limit: 10, projectId: 'p1', workspaceId: 'workspace_2' }),
      ).toEqual([4])
      expect(await seqs(store, { afterSeq: 5, limit: 1, projectId: 'p1', newestFirst: true })).toEqual([4])
      expect(await seqs(store, { afterSeq: 0, limit: 1, taskId: 'task_a', newestFirst: true })).toEqual([5])
      expect(await seqs(store, { afterSeq: 0, limit: 10, taskId: 'task_x' })).toEqual([])
    })
  })
}

/** What every store promises of following another. */
export function absorbPromises(given: Given): void {
  const entries = [
    entryOf(1, commitOf('c1', task('task_a'))),
    entryOf(2, commitOf('c2', task('task_a', { version: 2 }))),
    entryOf(3, commitOf('c3', task('task_b'))),
  ]
  const first = [{ kind: 'task', id: 'task_a' }] as const

  test('entries are taken over once, whatever is sent again, and the epoch with them', async () => {
    await withStore(given, async store => {
      const epoch = 'epoch00000000001'
      expect(await store.absorb([], attempt())).toEqual({ epoch: '', seq: 0 })
      expect(await store.absorb(entries.slice(0, 2), attempt())).toEqual({ epoch, seq: 2 })
      expect(await store.absorb(entries, attempt())).toEqual({ epoch, seq: 3 })
      expect(await store.absorb(entries.slice(0, 1), attempt())).toEqual({ epoch, seq: 3 })
      expect(await store.head(undefined, attempt())).toEqual({ epoch, seq: 3, commitId: 'c3' })
      expect(await store.read(first, attempt())).toEqual([task('task_a', { version: 2 })])
      expect(await store.log({ afterSeq: 0, limit: 10 }, attempt())).toEqual(entries)
    })
  })

  test('two followers that send the same entries at once do no harm', async () => {
    await withStore(given, async store => {
      await Promise.all([store.absorb(entries, attempt()), store.absorb(entries.slice(0, 2), attempt())])
      expect(await store.log({ afterSeq: 0, limit: 10 }, attempt())).toEqual(entries)
    })
  })

  test('a gap is refused and nothing is changed', async () => {
    await withStore(given, async store => {
      await store.absorb(entries.slice(0, 1), attempt())
      const beyond = entryOf(4, commitOf('c4', task('task_c')))
      for (const gap of [entries.slice(2), [entries[1], beyond].filter(entry => entry !== undefined)]) {
        expect(await store.absorb(gap, attempt()).catch(codeOf)).toBe('UNAVAILABLE')
      }
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: 1, commitId: 'c1' })
      expect(await store.read(first, attempt())).toEqual([task('task_a')])
    })
  })

  test('entries of another epoch are refused as another history', async () => {
    await withStore(given, async store => {
      await store.absorb(entries.slice(0, 1), attempt())
      const other = entryOf(2, commitOf('c9', task('task_b')), 'epoch00000000002')
      expect(await store.absorb([other], attempt()).catch(codeOf)).toBe('STORE_DIVERGED')
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: 1, commitId: 'c1' })
    })
  })

  test('receipts that expired are forgotten, and nothing else', async () => {
    await withStore(given, async store => {
      const receipts = ['2026-01-01', '2026-01-02', '2026-01-03'].map(day =>
        receipt(day, `${day}T00:00:00.000Z`),
      )
      await fill(store, [commitOf('c1', task('task_a'), { puts: [task('task_a'), ...receipts] })])
      expect(await store.forget('2026-01-02T00:00:00.001Z', attempt())).toBe(2)
      expect(await store.forget('2026-01-02T00:00:00.001Z', attempt())).toBe(0)
      const keys = receipts.map(({ kind, id }) => ({ kind, id }))
      const left = await store.read([...keys, ...first], attempt())
      expect(left).toEqual([undefined, undefined, receipts[2], task('task_a')])
    })
  })

  test('what was absorbed is there after closing and opening, unless the store says that it forgets', async () => {
    await using under = await given.make()
    let engine = await under.open()
    await promised(engine, given).absorb(entries, attempt())
    await engine.close()
    engine = await under.open()
    const store = promised(engine, given)
    try {
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: under.durable ? 3 : 0 })
      const read = await store.read(first, attempt()).catch(codeOf)
      expect(read).toEqual(under.durable ? [task('task_a', { version: 2 })] : 'OVERLOADED')
    } finally {
      await engine.close()
    }
  })
}
