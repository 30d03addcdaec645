import { describe, expect, test } from 'vitest'
import { commitOf, entryOf, task } from '../contract/sample-records.ts'
import { describeWithService } from '../services/availability.ts'
import { findMongo } from '../services/mongo.ts'
import { findPostgres } from '../services/postgres.ts'
import { findRedis } from '../services/redis.ts'
import type { RegisterOperation } from '../support/linearizable.ts'
import { type HistoryLine, historyOf } from './history.ts'
import { misheard } from './judge.ts'
import { torture } from './torture.ts'

describeWithService('PostgreSQL', findPostgres(), postgres => {
  describeWithService('MongoDB', findMongo(), mongo => {
    describeWithService('Redis', findRedis(), redis => {
      test('two processes under load while real stores die, freeze and forget: nothing acknowledged is lost', async () => {
        const seed = Date.now() % 2 ** 31
        const told: string[] = [`seed ${seed}`]
        const tell = (line: string): void => void told.push(line)
        const { wrong, operations, faults } = await torture({
          minutes: 0.25,
          seed,
          postgres,
          mongo,
          redis,
          tell,
        })
        expect(wrong, told.join(', ')).toEqual([])
        expect(operations).toBeGreaterThan(100)
        expect(Object.keys(faults).length).toBeGreaterThan(0)
      }, 240_000)
    })
  })
})

describe('the history of the torture', () => {
  const text = (...lines: readonly HistoryLine[]): string =>
    lines.map(line => `${JSON.stringify(line)}\n`).join('')
  const begun = { is: 'begun', record: 'r', operation: 'a', id: 'c1', from: 1, expected: 0 } as const

  test('puts together what processes told, and forgets no change that a killed one had begun', () => {
    const ended = {
      is: 'ended',
      operation: 'a',
      to: 4,
      outcome: 'committed',
      seq: 7,
      why: undefined,
    } as const
    const read = { is: 'read', record: 'r', operation: 'b', from: 5, to: 6, saw: 1 } as const
    const other = { ...begun, operation: 'x', id: 'c2', from: 2, expected: 1 }
    const history = historyOf([text(begun, ended), `${text(read, other)}{"is":"end`])
    const operations: readonly RegisterOperation[] = [
      { from: 1, to: 4, does: { is: 'swap', expected: '0', value: '1', done: true } },
      { from: 5, to: 6, does: { is: 'read', saw: '1' } },
      { from: 2, to: Infinity, does: { is: 'swap', expected: '1', value: '2', done: undefined } },
    ]
    expect(history.registers.get('r')).toEqual(operations)
    expect([...history.told]).toEqual([['c1', 7]])
    expect(history).toMatchObject({ operations: 3, unavailable: 0, unknown: 0 })
  })

  test('counts what was refused and what nobody knows', () => {
    const ended = { is: 'ended', operation: 'a', to: 4, seq: undefined, why: 'why' } as const
    expect(historyOf([text(begun, { ...ended, outcome: 'refused' })])).toMatchObject({
      unavailable: 1,
      told: new Map([['c1', 'never']]),
      registers: new Map(),
    })
    expect(historyOf([text(begun, { ...ended, outcome: 'unknown' })])).toMatchObject({
      unknown: 1,
      told: new Map(),
    })
    expect(historyOf([text(begun, { ...ended, outcome: 'conflict' })]).told.get('c1')).toBe('never')
  })
})

describe('followers of the log', () => {
  const log = [1, 2, 3, 4].map(seq => entryOf(seq, commitOf(`c${seq}`, task(`task_${seq}`))))
  const page = (after: number, next: number, ...events: readonly number[]) => ({
    is: 'heard' as const,
    after: `e:${after}`,
    next: `e:${next}`,
    events: events.map(seq => `event_c${seq}`),
  })

  test('are right when they were told every event once, in order, across pages', () => {
    expect(misheard(log, { pages: [page(1, 3, 2, 3), page(3, 4, 4)], lost: [] })).toEqual([])
    expect(misheard(log, { pages: [], lost: [] })).toEqual([])
  })

  test.each([
    ['missed one', [page(1, 3, 3)]],
    ['were told one twice', [page(1, 3, 2, 3, 3)]],
    ['were told the later one first', [page(1, 3, 3, 2)]],
    ['were told one that never happened', [page(1, 3, 2, 3, 5)]],
    ['went on elsewhere', [page(1, 2, 2), page(3, 4, 4)]],
  ])('are found out when they %s', (_, pages) => {
    expect(misheard(log, { pages, lost: [] }).length).toBeGreaterThan(0)
  })

  test('are found out when they could not go on', () => {
    expect(misheard(log, { pages: [], lost: ['e:3: CURSOR_EXPIRED'] }).length).toBe(1)
  })
})
