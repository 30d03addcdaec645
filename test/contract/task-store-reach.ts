import { expect, test } from 'vitest'
import type { StoreAttempt } from '../../subgraphs/db/task-store.ts'
import { commitOf, task } from './sample-records.ts'
import { attempt, codeOf, fill, type Given, withStore } from './store-under-test.ts'

/** What every store promises of reads that need a part of its log. */
export function reachPromises(given: Given): void {
  const everything = { is: 'all', of: [] } as const
  const tasks = { kind: 'task', workspaceId: 'workspace_1', where: everything } as const
  const order = { field: 'createdAt', direction: 'ascending' } as const
  const reaching = (reach: number): StoreAttempt => attempt(undefined, { reach })

  // A store that keeps some only may say instead that it does not know.
  const refusals = given.promises.has('query') ? ['AGENT_FAULT'] : ['AGENT_FAULT', 'OVERLOADED']

  test('a read that needs an entry which the store does not hold is refused, whatever it would find', async () => {
    await withStore(given, async store => {
      const keys = ['task_a', 'task_x'].map(id => ({ kind: 'task' as const, id }))
      const reads = (one: StoreAttempt): Promise<unknown>[] => [
        store.read(keys, one),
        store.read(keys.slice(1), one),
        store.log({ afterSeq: 0, limit: 10 }, one),
        store.log({ afterSeq: 1, limit: 10 }, one),
        store.log({ afterSeq: 0, limit: 10, newestFirst: true }, one),
        ...(given.promises.has('query')
          ? [
              store.query({ ...tasks, order, limit: 10 }, one),
              store.query({ ...tasks, workspaceId: 'workspace_x', order, limit: 10 }, one),
              store.count(tasks, one),
              store.count({ ...tasks, workspaceId: 'workspace_x' }, one),
            ]
          : []),
      ]
      const refused = reads(reaching(1)).map(read => read.then(String, codeOf))
      for (const code of await Promise.all(refused)) expect(refusals).toContain(code)
      await fill(store, [commitOf('c1', task('task_a'))])
      const found = await Promise.all(reads(reaching(1)))
      expect(found).toEqual(await Promise.all(reads(attempt())))
      expect(found.slice(0, 2)).toEqual([[task('task_a'), undefined], [undefined]])
      const late = reads(reaching(2)).map(read => read.then(String, codeOf))
      for (const code of await Promise.all(late)) expect(refusals).toContain(code)
    })
  })
}
