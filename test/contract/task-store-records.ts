import { expect, test } from 'vitest'
import type { StoredRecord } from '../../subgraphs/db/record.ts'
import { comment, commitOf, entryOf, receipt, task } from './sample-records.ts'
import { attempt, fill, type Given, withStore } from './store-under-test.ts'
import { commitTo } from '../support/commit-to.ts'

/** What every store promises of reads. */
export function readPromises(given: Given): void {
  test('records come in the order of the keys, undefined where there is none', async () => {
    await withStore(given, async store => {
      await fill(store, [
        commitOf('c1', task('task_a')),
        commitOf('c2', task('task_b', { title: '😀 \u{10FFFF}' })),
      ])
      const keys = ['task_b', 'task_x', 'task_a', 'task_b'].map(id => ({ kind: 'task' as const, id }))
      const found = await store.read(keys, attempt())
      expect(found).toEqual([
        task('task_b', { title: '😀 \u{10FFFF}' }),
        undefined,
        task('task_a'),
        task('task_b', { title: '😀 \u{10FFFF}' }),
      ])
      expect(await store.read([], attempt())).toEqual([])
      expect(await store.read([{ kind: 'comment', id: 'task_a' }], attempt())).toEqual([undefined])
    })
  })

  test('every kind of record comes back as it was put', async () => {
    const records: StoredRecord[] = [
      {
        ...common('project_1'),
        kind: 'project',
        key: 'ABC',
        name: 'A $name',
        archived: false,
        creatorId: 'u',
      },
      { ...common('label_1'), kind: 'label', name: 'Urgent', colour: '#ff0000' },
      { ...common('guard_number'), kind: 'guard', value: 41 },
      { ...common('guard_name/ä b'), kind: 'guard', value: 'label_1' },
      comment('comment_1', 'task_a'),
      receipt('receipt_1', '2026-02-01T00:00:00.000Z'),
      task('task_full', { estimateMinutes: 30, blockedByIds: ['task_a', 'task_b'], description: '' }),
    ]
    await withStore(given, async store => {
      await fill(store, [commitOf('c1', task('task_a'), { puts: records })])
      const keys = records.map(({ kind, id }) => ({ kind, id }))
      expect(await store.read(keys, attempt())).toEqual(records)
    })
  })

  test('a caller that has left is not answered', async () => {
    await withStore(given, async store => {
      await fill(store, [commitOf('c1', task('task_a'))])
      const gone = attempt(AbortSignal.abort(new Error('gone')))
      await expect(store.read([{ kind: 'task', id: 'task_a' }], gone)).rejects.toThrow('gone')
      await expect(store.head(undefined, gone)).rejects.toThrow('gone')
      await expect(store.log({ afterSeq: 0, limit: 1 }, gone)).rejects.toThrow('gone')
      await expect(store.absorb([entryOf(2, commitOf('c2', task('task_b')))], gone)).rejects.toThrow('gone')
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: 1 })
    })
  })
}

/** What a store that takes commits promises of them. */
export function commitPromises(given: Given): void {
  test('the first commit begins an epoch of 16 characters at 1, and the log has no gaps', async () => {
    await withStore(given, async store => {
      expect(await store.head(undefined, attempt())).toEqual({ epoch: '', seq: 0, commitId: '' })
      const outcomes = await commitTo(
        store,
        [commitOf('c1', task('task_a')), commitOf('c2', task('task_b'))],
        attempt(),
      )
      const more = await commitTo(store, [commitOf('c3', task('task_c'))], attempt())
      const epoch = (await store.head(undefined, attempt())).epoch
      expect(epoch).toMatch(/^\w{16}$/)
      expect([...outcomes, ...more]).toEqual(
        [1, 2, 3].map(seq => ({ is: 'committed', position: { epoch, seq } })),
      )
      expect(await store.head(undefined, attempt())).toEqual({ epoch, seq: 3, commitId: 'c3' })
      expect(await commitTo(store, [], attempt())).toEqual([])
    })
  })

  test('a commit in conflict changes nothing, names the keys, and the others of its batch go on', async () => {
    await withStore(given, async store => {
      await commitTo(store, [commitOf('c1', task('task_a'))], attempt())
      const stale = commitOf('c2', task('task_a', { version: 3 }), {
        puts: [task('task_a', { version: 3 }), task('task_never')],
      })
      const [conflict, next] = await commitTo(store, [stale, commitOf('c3', task('task_b'))], attempt())
      expect(conflict).toEqual({ is: 'conflict', keys: [{ kind: 'task', id: 'task_a' }] })
      expect(next).toMatchObject({ is: 'committed', position: { seq: 2 } })
      const [again] = await commitTo(store, [commitOf('c4', task('task_a'))], attempt())
      expect(again).toEqual({ is: 'conflict', keys: [{ kind: 'task', id: 'task_a' }] })
      const keys = ['task_a', 'task_never', 'task_b'].map(id => ({ kind: 'task' as const, id }))
      expect(await store.read(keys, attempt())).toEqual([task('task_a'), undefined, task('task_b')])
    })
  })

  test('commits of one batch see what the ones before them changed', async () => {
    await withStore(given, async store => {
      const outcomes = await commitTo(
        store,
        [1, 2, 2].map((version, index) => commitOf(`c${index}`, task('task_a', { version }))),
        attempt(),
      )
      expect(outcomes.map(outcome => outcome.is)).toEqual(['committed', 'committed', 'conflict'])
      expect(await store.read([{ kind: 'task', id: 'task_a' }], attempt())).toEqual([
        task('task_a', { version: 2 }),
      ])
    })
  })

  test('the same commit id answers as the first time and changes nothing', async () => {
    await withStore(given, async store => {
      const commit = commitOf('c1', task('task_a'))
      const [first] = await commitTo(store, [commit], attempt())
      await commitTo(store, [commitOf('c2', task('task_a', { version: 2, title: 'newer' }))], attempt())
      const repeated = await commitTo(store, [commit, commit], attempt())
      expect(repeated).toEqual([first, first])
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: 2, commitId: 'c2' })
      expect(await store.read([{ kind: 'task', id: 'task_a' }], attempt())).toMatchObject([
        { title: 'newer' },
      ])
    })
  })

  test('of many writers that change one record at once, one wins each version', async () => {
    await withStore(given, async store => {
      await commitTo(store, [commitOf('c0', task('task_a'))], attempt())
      const rivals = Array.from({ length: 20 }, (_, index) =>
        commitTo(store, [commitOf(`r${index}`, task('task_a', { version: 2, number: index }))], attempt()),
      )
      const outcomes = (await Promise.all(rivals)).flat()
      expect(outcomes.filter(outcome => outcome.is === 'committed')).toHaveLength(1)
      const entries = await store.log({ afterSeq: 0, limit: 100 }, attempt())
      expect(entries.map(entry => entry.position.seq)).toEqual([1, 2])
    })
  })

  test('a caller that left before the commit began has changed nothing', async () => {
    await withStore(given, async store => {
      const gone = attempt(AbortSignal.abort(new Error('gone')))
      await expect(commitTo(store, [commitOf('c1', task('task_a'))], gone)).rejects.toThrow('gone')
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: 0 })
    })
  })

  test('what was acknowledged is there after closing and opening', async () => {
    await withStore(given, async (store, again) => {
      const [outcome] = await commitTo(store, [commitOf('c1', task('task_a'))], attempt())
      const head = await store.head(undefined, attempt())
      const reopened = await again()
      expect(await reopened.head(undefined, attempt())).toEqual(head)
      expect(await reopened.read([{ kind: 'task', id: 'task_a' }], attempt())).toEqual([task('task_a')])
      expect(await commitTo(reopened, [commitOf('c1', task('task_a'))], attempt())).toEqual([outcome])
      const [next] = await commitTo(reopened, [commitOf('c2', task('task_b'))], attempt())
      expect(next).toEqual({ is: 'committed', position: { epoch: head.epoch, seq: 2 } })
    })
  })
}

function common(id: string) {
  const at = '2026-01-01T00:00:00.000Z'
  return { id, workspaceId: 'workspace_1', version: 1, createdAt: at, updatedAt: at }
}
