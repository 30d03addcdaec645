import { expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import type { StoredRecord } from '../../../subgraphs/db/record.ts'
import { PageSweep } from '../../../subgraphs/db/sweep/page-sweep.ts'
import { lineOf, progressIn } from '../../../subgraphs/db/sweep/sweep-progress.ts'
import type { OpenStore } from '../../../subgraphs/db/doctor/examined-store.ts'
import { commitOf, entryOf, receipt, task } from '../../contract/sample-records.ts'
import { inspected } from '../doctor/inspected-memory.ts'
import { manualClock, type ManualClock } from '../../support/manual-clock.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'

const limits = { pageRestMs: 1_000, passRestMs: 600_000, sweepPercentMax: 2 } as const
const count = 250

interface Swept {
  readonly clock: ManualClock
  readonly stores: Readonly<Record<'sql' | 'nosql', MemoryTaskStore>>
  readonly open: OpenStore[]
  /** Lets a holder of the lease sweep until `end` is called. Its notes go to `notes`. */
  readonly sweep: (note?: string) => {
    readonly pages: PageSweep
    readonly notes: string[]
    readonly end: () => Promise<void>
  }
}

function twoStores(more: readonly StoredRecord[] = []): Swept {
  const clock = manualClock()
  const stores = { sql: new MemoryTaskStore(), nosql: new MemoryTaskStore() }
  const records = [...Array.from({ length: count }, (_, index) => task(`task_${index + 1}`)), ...more]
  for (const [index, record] of records.entries()) {
    for (const store of Object.values(stores)) {
      store.entries.push(entryOf(index + 1, commitOf(`c${index + 1}`, task('task_1'), { puts: [record] })))
      store.records.set(`${record.kind} ${record.id}`, record)
    }
  }
  const open: OpenStore[] = [
    { name: 'sql', engine: inspected(stores.sql) },
    { name: 'nosql', engine: inspected(stores.nosql) },
  ]
  return {
    clock,
    stores,
    open,
    sweep(note) {
      const pages = new PageSweep({ stores: () => open, clock, log: silentLog, limits })
      const tenure = new AbortController()
      const notes: string[] = []
      const running = pages.run({ term: 1, note, signal: tenure.signal, keep: kept => void notes.push(kept) })
      return {
        pages,
        notes,
        async end() {
          tenure.abort()
          await running
        },
      }
    },
  }
}

/** Longer than a pass through both stores takes, also where it finds something, and shorter than two. */
const passMs = 400_000

test('a damaged record is put right from the log, page by page, and the pass is counted', async () => {
  const { clock, stores, sweep } = twoStores()
  stores.nosql.records.set('task task_240', task('task_240', { title: 'Garbled' }))
  stores.sql.records.delete('task task_7')
  const { pages, end } = sweep()
  await clock.run(passMs)
  expect(stores.nosql.records.get('task task_240')).toEqual(task('task_240'))
  expect(stores.sql.records.get('task task_7')).toEqual(task('task_7'))
  expect(pages.progress).toMatchObject({
    place: { is: 'resting' },
    passes: 1,
    // One was not there yet when its store was walked through.
    last: { looked: 2 * count - 1, found: 2, repaired: 2 },
  })
  await clock.run(limits.passRestMs)
  expect(pages.progress).toMatchObject({
    passes: 2,
    last: { found: 0 },
    total: { looked: 4 * count - 1, found: 2 },
  })
  await end()
})

test('between pages it rests, so that it looks at no more than a page a second', async () => {
  const { clock, sweep } = twoStores()
  const { notes, end } = sweep()
  await clock.run(60_000)
  const before = notes.length
  await clock.run(5_000)
  expect(notes.length - before).toBeLessThanOrEqual(6)
  await end()
})

test('the next holder goes on where the last one stopped', async () => {
  const { clock, stores, sweep } = twoStores()
  const first = sweep()
  await clock.run(65_500)
  await first.end()
  const note = first.notes.at(-1)
  expect(progressIn(note)?.place).toMatchObject({ is: 'records' })
  const looked = progressIn(note)?.counts.looked ?? 0
  expect(looked).toBeGreaterThan(0)
  stores.nosql.records.set('task task_250', task('task_250', { title: 'Garbled' }))
  const second = sweep(note)
  await clock.run(1)
  expect(second.pages.progress?.counts.looked).toBeGreaterThanOrEqual(looked)
  await clock.run(passMs)
  expect(second.pages.progress?.last).toMatchObject({ looked: 2 * count, found: 1, repaired: 1 })
  await second.end()
})

test('while logs differ nothing is repaired, and the line says why', async () => {
  const { clock, stores, sweep } = twoStores()
  const other = task('task_9', { title: 'Another' })
  stores.nosql.entries[8] = entryOf(9, commitOf('other', other))
  stores.nosql.records.set('task task_9', other)
  const { pages, end } = sweep()
  await clock.run(63_500)
  expect(lineOf(pages.progress ?? expect.fail('no progress'))).toContain('repairs nothing')
  await clock.run(passMs)
  expect(stores.nosql.records.get('task task_9')).toEqual(other)
  expect(pages.progress?.last).toMatchObject({ repaired: 0 })
  expect(pages.progress?.last?.found).toBeGreaterThan(0)
  await end()
})

test('it takes nothing out and leaves receipts alone', async () => {
  const kept = receipt('receipt_1', '2999-01-01T00:00:00.000Z')
  const { clock, stores, sweep } = twoStores([kept])
  stores.sql.records.set('task task_x', task('task_x'))
  stores.nosql.records.delete('receipt receipt_1')
  const { pages, end } = sweep()
  await clock.run(passMs)
  expect(stores.sql.records.has('task task_x')).toBe(true)
  expect(stores.nosql.records.has('receipt receipt_1')).toBe(false)
  expect(pages.progress?.last).toMatchObject({ found: 2, repaired: 0 })
  await end()
})

test('a store that goes away is passed over, and looked at in the next pass', async () => {
  const { clock, stores, open, sweep } = twoStores()
  const { pages, end } = sweep()
  await clock.run(61_500)
  open.splice(1, 1)
  await clock.run(passMs)
  expect(pages.progress?.passes).toBe(1)
  stores.nosql.records.delete('task task_3')
  open.push({ name: 'nosql', engine: inspected(stores.nosql) })
  await clock.run(limits.passRestMs + passMs)
  expect(stores.nosql.records.has('task task_3')).toBe(true)
  await end()
})

test('a note that is none, or of another form, begins anew', () => {
  for (const note of [undefined, '', '{', 'null', '{"form":0,"progress":{}}']) {
    expect(progressIn(note)).toBeUndefined()
  }
})
