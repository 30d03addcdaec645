import { describe, expect, test } from 'vitest'
import { describeWithService } from '../services/availability.ts'
import { findMongo } from '../services/mongo.ts'
import { findPostgres } from '../services/postgres.ts'
import { findRedis } from '../services/redis.ts'
import type { RegisterOperation } from '../support/linearizable.ts'
import { type HistoryLine, historyOf } from './history.ts'
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
