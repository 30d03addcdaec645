import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareRecords, compareText, fieldOf, isBehind, matches } from '../../subgraphs/db/evaluate.ts'
import type { StoredRecord } from '../../subgraphs/db/record.ts'
import type { OrderKey, RecordOrder, TaskStore } from '../../subgraphs/db/task-store.ts'
import { comment, commitOf, condition, entryOf, recordOrder, task, taskChanges } from './sample-records.ts'
import { attempt, fill, type Given, withStore } from './store-under-test.ts'

/** Runs of the property against the oracle; each fills the store and asks several questions. */
const runs = 40

/** What a store that answers lists promises of them: what evaluate.ts says. */
export function queryPromises(given: Given): void {
  test('a walk meets every record of a kind once, by id, in pages, whatever its workspace', async () => {
    await withStore(given, async store => {
      const ids = ['task_b', 'task_\u{1F600}', 'task_a', 'task_\uFFFD', 'task_Z', 'task_é']
      const records = ids.map((id, index) => task(id, { workspaceId: `workspace_${index % 3}` }))
      await fill(
        store,
        records.map((record, index) => commitOf(`c${index}`, record)),
      )
      const met: string[] = []
      for (let afterId = ''; ;) {
        const page = await store.scan({ kind: 'task', afterId, limit: 2 }, attempt())
        met.push(...page.map(record => record.id))
        if (page.length < 2) break
        afterId = page.at(-1)?.id ?? ''
      }
      expect(met).toEqual([...ids].sort(compareText))
      const [first] = await store.scan({ kind: 'task', afterId: '', limit: 1 }, attempt())
      expect(first).toEqual(records[4])
      expect(await store.scan({ kind: 'comment', afterId: '', limit: 10 }, attempt())).toEqual([])
    })
  })

  test('lists and counts are what the meaning of conditions and orders says, page by page', async () => {
    await withStore(given, async store => {
      let run = 0
      const question = fc.record({
        where: condition,
        order: recordOrder,
        limit: fc.integer({ min: 1, max: 9 }),
      })
      const property = fc.asyncProperty(
        fc.array(taskChanges, { maxLength: 20 }),
        fc.array(question, { minLength: 6, maxLength: 12 }),
        async (changes, questions) => {
          // Each run has a workspace of its own, so that one store serves all; the seq goes on.
          const workspaceId = `workspace_${++run}`
          const records = changes.map((change, index) =>
            task(`${workspaceId}_${index}`, { ...change, workspaceId }),
          )
          const { epoch, seq } = await store.head(undefined, attempt())
          const commit = commitOf(`run${run}`, task(`${workspaceId}_0`, { workspaceId }), { puts: records })
          await store.absorb([entryOf(seq + 1, commit, epoch === '' ? undefined : epoch)], attempt())
          for (const { where, order, limit } of questions) {
            const wanted = records.filter(record => matches(record, where)).sort(compareRecords(order))
            const query = { kind: 'task', workspaceId, where } as const
            expect(await pages(store, { ...query, order, limit })).toEqual(wanted)
            expect(await store.count(query, attempt())).toBe(wanted.length)
          }
        },
      )
      await fc.assert(property, { numRuns: runs })
    })
  }, 60_000)

  test('a page begins behind a place even when no record is there any more', async () => {
    await withStore(given, async store => {
      const records = ['a', 'c', 'e'].map(id =>
        task(id, { dueAt: id === 'e' ? null : `2026-01-0${id === 'a' ? 1 : 3}` }),
      )
      await fill(store, [commitOf('c1', task('a'), { puts: records })])
      const places: [OrderKey, 'ascending' | 'descending'][] = [
        [{ value: '2026-01-02', id: 'zz' }, 'ascending'],
        [{ value: '2026-01-02', id: 'zz' }, 'descending'],
        [{ value: null, id: 'd' }, 'ascending'],
        [{ value: null, id: 'd' }, 'descending'],
        [{ value: null, id: 'f' }, 'descending'],
      ]
      for (const [behind, direction] of places) {
        const order: RecordOrder = { field: 'dueAt', direction }
        const wanted = records.filter(record => isBehind(record, order, behind)).sort(compareRecords(order))
        const query = { kind: 'task', workspaceId: 'workspace_1', where: { is: 'all', of: [] } } as const
        expect(await store.query({ ...query, order, behind, limit: 10 }, attempt())).toEqual(wanted)
      }
    })
  })

  test('another workspace and another kind are never looked at', async () => {
    await withStore(given, async store => {
      const puts = [
        task('task_a'),
        task('task_b', { workspaceId: 'workspace_2' }),
        comment('task_c', 'task_a'),
      ]
      await fill(store, [commitOf('c1', task('task_a'), { puts })])
      const query = {
        kind: 'task',
        workspaceId: 'workspace_1',
        where: { is: 'any', of: [{ is: 'all', of: [] }] },
      } as const
      const order: RecordOrder = { field: 'id', direction: 'ascending' }
      expect(await store.query({ ...query, order, limit: 10 }, attempt())).toEqual([task('task_a')])
      expect(await store.count(query, attempt())).toBe(1)
      const comments = { kind: 'comment', where: { is: 'in', field: 'taskId', values: ['task_a'] } } as const
      expect(await store.query({ ...query, ...comments, order, limit: 10 }, attempt())).toEqual([
        comment('task_c', 'task_a'),
      ])
    })
  })

  test('a caller that has left gets no list', async () => {
    await withStore(given, async store => {
      const gone = attempt(AbortSignal.abort(new Error('gone')))
      const query = { kind: 'task', workspaceId: 'workspace_1', where: { is: 'all', of: [] } } as const
      const order: RecordOrder = { field: 'id', direction: 'ascending' }
      await expect(store.query({ ...query, order, limit: 10 }, gone)).rejects.toThrow('gone')
      await expect(store.count(query, gone)).rejects.toThrow('gone')
    })
  })
}

/** All records of a list, read in pages of `limit`. */
async function pages(
  store: TaskStore,
  query: Omit<Parameters<TaskStore['query']>[0], 'behind'>,
): Promise<StoredRecord[]> {
  const all: StoredRecord[] = []
  let behind: OrderKey | undefined
  for (;;) {
    const page = await store.query({ ...query, ...(behind === undefined ? {} : { behind }) }, attempt())
    all.push(...page)
    const last = page.at(-1)
    if (last === undefined || page.length < query.limit) return all
    const value = fieldOf(last, query.order.field)
    // The orders of this suite name no list fields.
    behind = { value: value as OrderKey['value'], id: last.id }
  }
}
