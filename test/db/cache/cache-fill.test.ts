import fc from 'fast-check'
import { expect, test } from 'vitest'
import { silentLog } from '../../../kernel/log.ts'
import { openRedisCache } from '../../../subgraphs/db/agents/cache/redis-cache.ts'
import { CacheFill } from '../../../subgraphs/db/cache-fill.ts'
import { EngineSlot } from '../../../subgraphs/db/engine-slot.ts'
import { Frontier } from '../../../subgraphs/db/frontier.ts'
import type { StoredRecord } from '../../../subgraphs/db/record.ts'
import type { StoreEngine } from '../../../subgraphs/db/task-store.ts'
import { commitOf, entryOf, task } from '../../contract/sample-records.ts'
import { attempt, codeOf } from '../../contract/store-under-test.ts'
import { describeWithService } from '../../services/availability.ts'
import { findRedis, startRedis } from '../../services/redis.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { until } from '../../support/until.ts'

describeWithService('Redis', findRedis(), command => {
  const keys = Array.from({ length: 6 }, (_, index) => ({ kind: 'task', id: `task_${index}` }) as const)
  /** In every log each entry changes one of the keys. */
  const changes = fc.array(fc.nat(keys.length - 1), { minLength: 10, maxLength: 40 })
  const step = fc.oneof(
    fc.record({ is: fc.constant('absorb' as const), entries: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ is: fc.constant('fill' as const), upTo: fc.nat(40), some: fc.subarray(keys) }),
  )

  test('whatever is brought to it, of whatever moment, it answers the present or refuses', async () => {
    await using server = await startRedis(command)
    let run = 0
    let brought = 0
    await fc.assert(
      fc.asyncProperty(changes, fc.array(step, { maxLength: 30 }), async (log, steps) => {
        const versions = (upTo: number): number[] =>
          keys.map((_, key) => log.slice(0, upTo).filter(changed => changed === key).length)
        const record = (key: number, version: number): StoredRecord => task(`task_${key}`, { version })
        const entries = log.map((key, index) => {
          const version = versions(index + 1)[key] ?? 0
          return entryOf(index + 1, commitOf(`c${index + 1}`, task(`task_${key}`, { version })))
        })
        const engine = await openRedisCache({
          url: server.url,
          prefix: `fill${++run}`,
          recordsMax: 3,
          log: silentLog,
        })
        const { absorb, read } = engine.operations
        let head = 0
        for (const one of steps) {
          if (one.is === 'absorb') {
            await absorb?.(entries.slice(head, head + one.entries), attempt())
            head = Math.min(entries.length, head + one.entries)
          } else {
            const upTo = Math.min(one.upTo, entries.length)
            const known = versions(upTo)
            const records = one.some.flatMap(key => {
              const index = keys.indexOf(key)
              return (known[index] ?? 0) === 0 ? [] : [record(index, known[index] ?? 0)]
            })
            await engine.fill?.(records, upTo, new AbortController().signal)
          }
          const now = versions(head)
          for (const [index, key] of keys.entries()) {
            const answer = await read?.([key], attempt()).catch((failure: unknown) => codeOf(failure))
            if (answer === 'OVERLOADED') continue
            // What was brought may be newer than its log: of an entry that has been chosen and is still to come.
            expect((answer as readonly (StoredRecord | undefined)[])[0]?.version ?? 0).toBeGreaterThanOrEqual(
              now[index] ?? 0,
            )
            brought++
          }
        }
        await engine.close()
      }),
      { numRuns: 40 },
    )
    expect(brought).toBeGreaterThan(0)
  })

  test('a record that was read in vain is brought, once however many asked at the same time', async () => {
    await using server = await startRedis(command)
    const clock = manualClock()
    const frontier = new Frontier(clock, 1_000)
    const brought: string[][] = []
    const openCache = async (): Promise<StoreEngine> => {
      const engine = await openRedisCache({ url: server.url, prefix: 'p', recordsMax: 10, log: silentLog })
      const fill: StoreEngine['fill'] = async (records, seq, signal) => {
        brought.push(records.map(({ id }) => id))
        await engine.fill?.(records, seq, signal)
      }
      return { ...engine, fill }
    }
    const whole = new MemoryTaskStore()
    const slots = [
      new EngineSlot({ name: 'sql', open: whole.open }, frontier, clock),
      new EngineSlot({ name: 'cache', open: openCache }, frontier, clock),
    ] as const
    const entries = Array.from({ length: 30 }, (_, index) =>
      entryOf(index + 1, commitOf(`c${index + 1}`, task(`task_${index + 1}`))),
    )
    const engines: StoreEngine[] = []
    for (const slot of slots) {
      const engine = await slot.source.open()
      engines.push(engine)
      slot.opened(engine)
      await engine.operations.absorb?.(entries, attempt())
      slot.admit(30)
    }
    const filling = new CacheFill({ slots, log: silentLog })
    const { read } = slots[1].agent(['read']).operations
    const ask = (id: string): Promise<unknown> =>
      read?.({ reach: 30, input: [{ kind: 'task', id }] }, attempt()).then(
        ([record]) => record?.id,
        (failure: unknown) => codeOf(failure),
      ) ?? Promise.resolve()
    const first = await Promise.all(Array.from({ length: 50 }, () => ask('task_1')))
    expect(new Set(first)).toEqual(new Set(['OVERLOADED']))
    await until('it has been brought', async () => (await ask('task_1')) === 'task_1')
    expect(brought).toEqual([['task_1']])
    await filling.close()
    for (const engine of engines) await engine.close()
  })
})
