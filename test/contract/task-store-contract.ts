import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Attempt } from '../../dispatch/port.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { compareRecords, fieldOf, isBehind, matches } from '../../subgraphs/db/evaluate.ts'
import type { StoredRecord } from '../../subgraphs/db/record.ts'
import type { Commit, OrderKey, RecordOrder, StoreEngine, TaskStore } from '../../subgraphs/db/task-store.ts'
import {
  comment,
  commitOf,
  condition,
  entryOf,
  receipt,
  recordOrder,
  task,
  taskChanges,
} from './sample-records.ts'

/** One store of an engine, fresh for each test, that can be closed and opened again. */
export interface StoreUnderTest extends AsyncDisposable {
  open(): Promise<StoreEngine>
  /** Does what it holds survive closing and opening? */
  readonly durable: boolean
}

/** Runs of the property against the oracle; each fills the store and asks several questions. */
const runs = 40

export function attempt(signal: AbortSignal = new AbortController().signal): Attempt {
  return { signal, remainingMs: 10_000, number: 1 }
}

/** Registers the promises of the TaskStore port as tests; those an engine does not make are left out. */
export function taskStoreContract(
  name: string,
  promises: ReadonlySet<keyof TaskStore>,
  make: () => Promise<StoreUnderTest>,
): void {
  const given = { name, make, promises }
  describe(`${name} as a TaskStore`, () => {
    describe('reads', () => {
      readPromises(given)
    })
    describe.runIf(promises.has('commit'))('commits', () => {
      commitPromises(given)
    })
    describe('log', () => {
      logPromises(given)
    })
    describe('absorbs', () => {
      absorbPromises(given)
    })
    describe.runIf(promises.has('query'))('queries', () => {
      queryPromises(given)
    })
  })
}

interface Given {
  readonly make: () => Promise<StoreUnderTest>
  readonly promises: ReadonlySet<keyof TaskStore>
}

/** Opens a fresh store and runs the body with the operations the engine promises. */
async function withStore(
  given: Given,
  body: (store: TaskStore, again: () => Promise<TaskStore>) => Promise<void>,
) {
  await using under = await given.make()
  let engine = await under.open()
  try {
    await body(promised(engine, given), async () => {
      await engine.close()
      engine = await under.open()
      return promised(engine, given)
    })
  } finally {
    await engine.close()
  }
}

function promised(engine: StoreEngine, given: Given): TaskStore {
  for (const operation of given.promises)
    expect(engine.operations[operation], operation).toBeTypeOf('function')
  // The engine has what it promises, and a test only uses what is promised.
  return engine.operations as TaskStore
}

async function fill(store: TaskStore, commits: readonly Commit[]): Promise<void> {
  await store.absorb(
    commits.map((commit, index) => entryOf(index + 1, commit)),
    attempt(),
  )
}

function codeOf(failure: unknown): string {
  return failure instanceof EnneadError ? failure.code : String(failure)
}

function readPromises(given: Given): void {
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

function commitPromises(given: Given): void {
  test('the first commit begins an epoch of 16 characters at 1, and the log has no gaps', async () => {
    await withStore(given, async store => {
      expect(await store.head(undefined, attempt())).toEqual({ epoch: '', seq: 0, commitId: '' })
      const outcomes = await store.commit(
        [commitOf('c1', task('task_a')), commitOf('c2', task('task_b'))],
        attempt(),
      )
      const more = await store.commit([commitOf('c3', task('task_c'))], attempt())
      const epoch = (await store.head(undefined, attempt())).epoch
      expect(epoch).toMatch(/^\w{16}$/)
      expect([...outcomes, ...more]).toEqual(
        [1, 2, 3].map(seq => ({ is: 'committed', position: { epoch, seq } })),
      )
      expect(await store.head(undefined, attempt())).toEqual({ epoch, seq: 3, commitId: 'c3' })
      expect(await store.commit([], attempt())).toEqual([])
    })
  })

  test('a commit in conflict changes nothing, names the keys, and the others of its batch go on', async () => {
    await withStore(given, async store => {
      await store.commit([commitOf('c1', task('task_a'))], attempt())
      const stale = commitOf('c2', task('task_a', { version: 3 }), {
        puts: [task('task_a', { version: 3 }), task('task_never')],
      })
      const [conflict, next] = await store.commit([stale, commitOf('c3', task('task_b'))], attempt())
      expect(conflict).toEqual({ is: 'conflict', keys: [{ kind: 'task', id: 'task_a' }] })
      expect(next).toMatchObject({ is: 'committed', position: { seq: 2 } })
      const [again] = await store.commit([commitOf('c4', task('task_a'))], attempt())
      expect(again).toEqual({ is: 'conflict', keys: [{ kind: 'task', id: 'task_a' }] })
      const keys = ['task_a', 'task_never', 'task_b'].map(id => ({ kind: 'task' as const, id }))
      expect(await store.read(keys, attempt())).toEqual([task('task_a'), undefined, task('task_b')])
    })
  })

  test('commits of one batch see what the ones before them changed', async () => {
    await withStore(given, async store => {
      const outcomes = await store.commit(
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
      const [first] = await store.commit([commit], attempt())
      await store.commit([commitOf('c2', task('task_a', { version: 2, title: 'newer' }))], attempt())
      const repeated = await store.commit([commit, commit], attempt())
      expect(repeated).toEqual([first, first])
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: 2, commitId: 'c2' })
      expect(await store.read([{ kind: 'task', id: 'task_a' }], attempt())).toMatchObject([
        { title: 'newer' },
      ])
    })
  })

  test('of many writers that change one record at once, one wins each version', async () => {
    await withStore(given, async store => {
      await store.commit([commitOf('c0', task('task_a'))], attempt())
      const rivals = Array.from({ length: 20 }, (_, index) =>
        store.commit([commitOf(`r${index}`, task('task_a', { version: 2, number: index }))], attempt()),
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
      await expect(store.commit([commitOf('c1', task('task_a'))], gone)).rejects.toThrow('gone')
      expect(await store.head(undefined, attempt())).toMatchObject({ seq: 0 })
    })
  })

  test('what was acknowledged is there after closing and opening', async () => {
    await withStore(given, async (store, again) => {
      const [outcome] = await store.commit([commitOf('c1', task('task_a'))], attempt())
      const head = await store.head(undefined, attempt())
      const reopened = await again()
      expect(await reopened.head(undefined, attempt())).toEqual(head)
      expect(await reopened.read([{ kind: 'task', id: 'task_a' }], attempt())).toEqual([task('task_a')])
      expect(await reopened.commit([commitOf('c1', task('task_a'))], attempt())).toEqual([outcome])
      const [next] = await reopened.commit([commitOf('c2', task('task_b'))], attempt())
      expect(next).toEqual({ is: 'committed', position: { epoch: head.epoch, seq: 2 } })
    })
  })
}

function logPromises(given: Given): void {
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
      const empty = given.promises.has('commit') ? [] : 'OVERLOADED'
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

function absorbPromises(given: Given): void {
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

function queryPromises(given: Given): void {
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

function common(id: string) {
  const at = '2026-01-01T00:00:00.000Z'
  return { id, workspaceId: 'workspace_1', version: 1, createdAt: at, updatedAt: at }
}
