import { expect, test } from 'vitest'
import { createEngine } from '../../gateway/create-engine.ts'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import type { Engine } from '../../gateway/engine.ts'
import { ApolloPlanner } from '../../gateway/planning/apollo-planner.ts'
import type { Planner } from '../../gateway/planning/planner.ts'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import type { Supergraph } from '../../gateway/supergraph/supergraph-facts.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import { ask, composeForTest } from '../support/federated.ts'
import { memoryFeed } from '../support/memory-feed.ts'
import { plannable } from '../support/plannable.ts'
import type { MemoryFeed } from '../support/memory-feed.ts'

const both = composeForTest({ a: { sdl: 'type Query { a: Int b: Int }' } })
const onlyA = composeForTest({ a: { sdl: 'type Query { a: Int }' } })
const more = composeForTest({ a: { sdl: 'type Query { a: Int b: Int c: Int }' } })

interface Rig {
  readonly feed: MemoryFeed
  readonly engine: Engine
  readonly log: string[]
  /** Operations planned, by the supergraph's hash. */
  readonly planned: Map<string, string[]>
  /** Makes planning fail from now on, on any supergraph made later. */
  fail: boolean
}

async function rig(options: Partial<EngineOptions> = {}): Promise<Rig> {
  const feed = memoryFeed(both)
  const log: string[] = []
  const planned = new Map<string, string[]>()
  const state = { fail: false }
  const planner = (supergraph: Supergraph): Planner => {
    const own = new ApolloPlanner(plannable(supergraph))
    const { fail } = state
    return {
      async plan(request) {
        const name = request.operationName ?? 'unnamed'
        planned.set(supergraph.hash, [...(planned.get(supergraph.hash) ?? []), name])
        if (fail) throw new EnneadError('QUERY_PLAN_FAILED', 'this operation could not be planned')
        return own.plan(request)
      },
      close: () => own.close(),
    }
  }
  const engine = createEngine({
    supergraph: await liveSupergraph(feed),
    subgraph: name => ({
      name,
      execute: async () => ({ data: { a: 1, b: 2 } }),
      subscribe: () => {
        throw new Error('not asked')
      },
      close: async () => undefined,
    }),
    planner,
    log: jsonLog({ level: 'info', write: line => void log.push(line) }),
    ...options,
  })
  return Object.assign(state, { feed, log, planned, engine })
}

const hashOf = ({ engine }: Rig): string | undefined => engine.health().supergraph.hash
const reasonOf = ({ engine }: Rig): string | undefined => engine.health().supergraph.refused?.reason

test('a supergraph on which a hot operation cannot be planned is not taken, and the operation is named', async () => {
  const gateway = await rig()
  await ask(gateway.engine, 'query Board { b }')
  const before = hashOf(gateway)
  gateway.fail = true
  gateway.feed.offer(more)
  await expect.poll(() => reasonOf(gateway)).toMatch(/"Board".*cannot be planned on the new supergraph/)
  expect(hashOf(gateway)).toBe(before)
  expect(await ask(gateway.engine, 'query Board { b }')).toEqual({ data: { b: 2 } })
})

test('a supergraph that no longer allows a hot operation is taken with a warning; in strict mode it is not', async () => {
  const gateway = await rig()
  await ask(gateway.engine, 'query Board { b }')
  gateway.feed.offer(onlyA)
  await expect.poll(async () => (await ask(gateway.engine, '{ b }')).errors).toHaveLength(1)
  expect(gateway.log.find(line => line.includes('supergraph.operations-lost'))).toMatch(/"Board/)

  const strict = await rig({ canary: { mode: 'strict' } })
  await ask(strict.engine, 'query Board { b }')
  strict.feed.offer(onlyA)
  await expect.poll(() => reasonOf(strict)).toMatch(/"Board".*is not allowed by the new supergraph/)
  expect(await ask(strict.engine, '{ b }')).toEqual({ data: { b: 2 } })
})

test('the hottest operations are tried first, are planned before the swap, and stay hot', async () => {
  const gateway = await rig({ canary: { operationsMax: 2 } })
  for (const [name, times] of [
    ['Rare', 1],
    ['Often', 9],
    ['Sometimes', 4],
  ] as const) {
    for (let time = 0; time < times; time++) await ask(gateway.engine, `query ${name} { a b }`)
  }
  gateway.feed.offer(more)
  await expect.poll(() => ask(gateway.engine, '{ c }')).not.toHaveProperty('data', undefined)
  await expect.poll(() => gateway.engine.health().supergraph.earlier).toHaveLength(1)
  const planned = gateway.planned.get(hashOf(gateway) ?? '')
  expect(planned?.slice(0, 2)).toEqual(['Often', 'Sometimes'])
  await ask(gateway.engine, 'query Often { a b }')
  expect(planned?.filter(name => name === 'Often')).toHaveLength(1)
})

test('operations that were refused before say nothing about a new supergraph', async () => {
  const gateway = await rig()
  await ask(gateway.engine, 'query Wrong { nothing }')
  gateway.fail = true
  gateway.feed.offer(more)
  await expect.poll(() => gateway.engine.health().supergraph.earlier).toHaveLength(1)
})

test('with the canary off a supergraph is taken as it is', async () => {
  const gateway = await rig({ canary: { mode: 'off' } })
  await ask(gateway.engine, '{ b }')
  gateway.fail = true
  gateway.feed.offer(more)
  await expect.poll(() => gateway.engine.health().supergraph.earlier).toHaveLength(1)
})

test('an operation that is being planned while the supergraph is swapped is answered by the old one', async () => {
  const held: (() => void)[] = []
  let closed = 0
  const gateway = await rig({
    canary: { mode: 'off' },
    planner: supergraph => {
      const own = new ApolloPlanner(plannable(supergraph))
      return {
        async plan(request) {
          if (request.operationName === 'Slow') await new Promise<void>(resolve => held.push(resolve))
          return own.plan(request)
        },
        close: async () => void closed++,
      }
    },
  })
  const slow = ask(gateway.engine, 'query Slow { b }')
  await expect.poll(() => held).toHaveLength(1)
  gateway.feed.offer(onlyA)
  await expect.poll(async () => (await ask(gateway.engine, '{ b }')).errors).toHaveLength(1)
  expect(closed).toBe(0)
  for (const release of held) release()
  expect(await slow).toEqual({ data: { b: 2 } })
  await expect.poll(() => closed).toBe(1)
})
