import { expect, test } from 'vitest'
import { noBallot } from '../../subgraphs/db/quorum/ballot.ts'
import type { SeatState } from '../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, task } from './sample-records.ts'
import { attempt, fill, type Given, withStore } from './store-under-test.ts'

const entries = [
  entryOf(1, commitOf('c1', task('task_a'))),
  entryOf(2, commitOf('c2', task('task_a', { version: 2, title: 'Ⅱ "two"' }))),
  entryOf(3, commitOf('c3', task('task_b'), { event: undefined })),
]
const empty = { epoch: '', seq: 0, commitId: '' }
const headAt = (seq: number) => ({ epoch: 'epoch00000000001', seq, commitId: `c${seq}` })

function seat(turn: number, changes: Partial<SeatState> = {}): SeatState {
  return {
    turn,
    incarnation: 'life00000000001',
    voting: true,
    promised: { round: turn, by: 'me' },
    accepted: undefined,
    roster: { set: noBallot, members: { sql: 'life00000000001' } },
    ...changes,
  }
}

/** What a store that may vote promises of its seat. */
export function seatPromises(given: Given): void {
  test('there is no seat at first, and what was stored last is there after closing and opening', async () => {
    await withStore(given, async (store, again) => {
      expect(await store.seat(undefined, attempt())).toEqual({ state: undefined, head: empty })
      const turn = 2 ** 40 + 1
      const accepted = { ballot: { round: 3, by: 'me' }, step: 2, base: empty, entries: entries.slice(0, 1) }
      const next = seat(turn, { accepted })
      expect(await store.vote({ turn: 0, head: empty, next, apply: [] }, attempt())).toEqual({
        changed: true,
        state: next,
        head: empty,
      })
      const reopened = await again()
      expect(await reopened.seat(undefined, attempt())).toEqual({ state: next, head: empty })
    })
  })

  test('a vote takes over entries with it, as if they had been absorbed', async () => {
    await withStore(given, async (store, again) => {
      await store.vote({ turn: 0, head: empty, next: seat(5), apply: entries.slice(0, 2) }, attempt())
      expect(await store.head(undefined, attempt())).toEqual(headAt(2))
      expect(await store.read([{ kind: 'task', id: 'task_a' }], attempt())).toMatchObject([{ version: 2 }])
      const change = { turn: 5, head: headAt(2), next: seat(6), apply: entries.slice(2) }
      expect(await store.vote(change, attempt())).toEqual({ changed: true, state: seat(6), head: headAt(3) })
      const reopened = await again()
      expect(await reopened.seat(undefined, attempt())).toEqual({ state: seat(6), head: headAt(3) })
      expect(await reopened.log({ afterSeq: 0, limit: 10 }, attempt())).toEqual(entries)
    })
  })

  test('a vote that was decided by what no longer holds changes nothing and answers what does', async () => {
    await withStore(given, async store => {
      await fill(store, [])
      await store.vote({ turn: 0, head: empty, next: seat(5), apply: entries.slice(0, 1) }, attempt())
      const now = { changed: false, state: seat(5), head: headAt(1) }
      const apply = entries.slice(1, 2)
      for (const [turn, head] of [
        [0, empty],
        [4, headAt(1)],
        [6, headAt(1)],
        [5, empty],
        [5, { ...headAt(1), commitId: 'another' }],
      ] as const) {
        expect(await store.vote({ turn, head, next: seat(9), apply: [] }, attempt())).toEqual(now)
      }
      await store.absorb(apply, attempt())
      expect(await store.vote({ turn: 5, head: headAt(1), next: seat(9), apply: [] }, attempt())).toEqual({
        ...now,
        head: headAt(2),
      })
    })
  })

  test('of many who change the seat at once one succeeds each turn', async () => {
    await withStore(given, async store => {
      await store.vote({ turn: 0, head: empty, next: seat(1), apply: [] }, attempt())
      for (let turn = 1; turn < 5; turn++) {
        const rivals = Array.from({ length: 8 }, (_, index) => {
          const next = seat(turn + 1, { promised: { round: turn + 1, by: `rival ${index}` } })
          return store.vote({ turn, head: empty, next, apply: [] }, attempt())
        })
        const answers = await Promise.all(rivals)
        const winner = answers.find(({ changed }) => changed)
        expect(answers.filter(({ changed }) => changed)).toHaveLength(1)
        expect(await store.seat(undefined, attempt())).toEqual({ state: winner?.state, head: empty })
      }
    })
  })

  test('what decides about commits is told as of one moment', async () => {
    if (!given.promises.has('facts')) return
    await withStore(given, async store => {
      await fill(store, [commitOf('c1', task('task_a')), commitOf('c2', task('task_b'))])
      const asked = [
        commitOf('c2', task('task_b', { version: 2 })),
        commitOf('c9', task('task_a', { version: 2 })),
        commitOf('c8', task('task_never')),
      ]
      const facts = await store.facts(asked, attempt())
      expect(facts.head).toEqual(headAt(2))
      expect([...facts.positions]).toEqual([['c2', { epoch: 'epoch00000000001', seq: 2 }]])
      expect(facts.versions.get('task/task_a')).toBe(1)
      expect(facts.versions.get('task/task_b')).toBe(1)
      expect(facts.versions.get('task/task_never') ?? 0).toBe(0)
    })
  })
}
