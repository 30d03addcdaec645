import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { Plan } from '../../../gateway/planning/plan.ts'
import type { Planner } from '../../../gateway/planning/planner.ts'
import { PlanningThread } from '../../../gateway/planning/planning-thread.ts'
import type { PlanningOptions } from '../../../gateway/planning/planning-options.ts'
import { systemClock } from '../../../kernel/clock.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { jsonLog } from '../../../kernel/log.ts'
import { composeForTest } from '../../support/federated.ts'
import { manualClock } from '../../support/manual-clock.ts'

const graph = composeForTest({
  a: {
    sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! next: Item a: Int @shareable }`,
  },
  b: { sdl: `type Item @key(fields: "id") { id: ID! b: Int a: Int @shareable }` },
})

/** Every field could come from any of eight subgraphs, so that plans multiply. */
const maze = composeForTest(
  Object.fromEntries(
    Array.from({ length: 8 }, (_, n) => [
      `s${n}`,
      {
        sdl: `${n === 0 ? 'type Query { item: Item }' : ''} type Item @key(fields: "id") {
          id: ID! ${Array.from({ length: 8 }, (_, f) => `f${f}: Item @shareable`).join(' ')} own${n}: Int }`,
      },
    ]),
  ),
)

function mazeQuery(levels: number, salt = 0): string {
  const inside = (level: number): string =>
    level === 0
      ? `{ own${salt % 8} own3 own6 }`
      : `{ ${[0, 1, 2, 3].map(f => `f${f} ${inside(level - 1)}`).join(' ')} }`
  return `{ item ${inside(levels)} }`
}

function threadOf(options: PlanningOptions = {}, clock: Clock = systemClock) {
  const lines: string[] = []
  const log = jsonLog({ level: 'debug', write: line => lines.push(line) })
  const thread = new PlanningThread(options, { clock, log })
  return { thread, lines, [Symbol.asyncDispose]: () => thread.close() }
}

const operation = (text: string) => ({ text, operationName: undefined })

/** The plan of a small operation, which a busy machine may take too long for more than once. */
function eventually(planner: Planner, text: string): Promise<Plan> {
  return vi.waitFor(() => planner.plan(operation(text)), { timeout: 25_000, interval: 100 })
}

test.each(['apollo', 'rust'] as const)('the %s planner plans in the thread', async planner => {
  await using held = threadOf({ planner, planMsMax: 25_000 })
  const plan = await held.thread.open(graph).plan(operation('{ item { b next { a } } }'))
  expect(plan.fetches).toBe(2)
  expect(plan.root?.kind).toBe('Sequence')
})

test.each([
  // Four levels take Apollo's planner minutes; more than that it refuses by itself, within milliseconds.
  ['apollo', 4, 1_000],
  ['rust', 6, 1_000],
] as const)(
  'the event loop goes on while the %s planner works, and an operation that takes too long is stopped',
  async (planner, levels, planMsMax) => {
    await using held = threadOf({ planner, planMsMax })
    const own = held.thread.open(maze)
    await eventually(own, '{ item { id } }')
    let stopped = false
    const planned = own.plan(operation(mazeQuery(levels))).finally(() => (stopped = true))
    const refused = expect(planned).rejects.toMatchObject({ code: 'LIMIT_PLANNING' })
    for (let turn = 0; turn < 20; turn++) await nextTurn()
    expect(stopped).toBe(false)
    await refused
    // The next one is planned, by the same thread or by the one in its place.
    expect((await eventually(own, '{ item { own0 } }')).fetches).toBe(1)
  },
)

test('what waits behind an operation that is stopped is planned all the same', async () => {
  await using held = threadOf({ planner: 'apollo', planMsMax: 1_500 })
  const [slow, ...others] = await Promise.allSettled([
    held.thread.open(maze).plan(operation(mazeQuery(4))),
    ...[1, 2, 3].map(() => held.thread.open(graph).plan(operation('{ item { b } }'))),
  ])
  expect(slow).toMatchObject({ status: 'rejected', reason: { code: 'LIMIT_PLANNING' } })
  expect(others.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  expect(held.lines.join('\n')).toContain('planning.stopped')
})

test('more operations than may wait are refused at once, and the others are planned', async () => {
  await using held = threadOf({ waitingMax: 3 })
  const planner = held.thread.open(graph)
  const settled = await Promise.allSettled(
    Array.from({ length: 10 }, () => planner.plan(operation('{ item { b } }'))),
  )
  const refused = settled.filter(each => each.status === 'rejected')
  expect(settled.length - refused.length).toBe(4)
  for (const { reason } of refused) expect(reason).toMatchObject({ code: 'OVERLOADED', kind: 'overload' })
})

test('a plan longer than the limit is refused', async () => {
  await using held = threadOf({ planLengthMax: 100 })
  await expect(held.thread.open(graph).plan(operation('{ item { b } }'))).rejects.toMatchObject({
    code: 'LIMIT_PLANNING',
    message: 'the plan of this operation is longer than 100 characters',
  })
})

test('an operation whose planning needs too much memory is refused, and the next one is planned', async () => {
  await using held = threadOf({ planner: 'apollo', heapMibMax: 40, planMsMax: 25_000 })
  const planner = held.thread.open(maze)
  await expect(planner.plan(operation(mazeQuery(5)))).rejects.toMatchObject({ code: 'LIMIT_PLANNING' })
  expect((await planner.plan(operation('{ item { own0 } }'))).fetches).toBe(1)
})

test('the thread outlives supergraphs: one closes after its last plan while others go on', async () => {
  await using held = threadOf()
  const first = held.thread.open(graph)
  const pending = [1, 2, 3].map(() => first.plan(operation('{ item { b } }')))
  const closing = first.close()
  const second = held.thread.open(maze)
  expect((await second.plan(operation('{ item { own0 } }'))).fetches).toBe(1)
  expect((await Promise.all(pending)).map(({ fetches }) => fetches)).toEqual([2, 2, 2])
  await closing
  await expect(first.plan(operation('{ item { b } }'))).rejects.toMatchObject({ code: 'INTERNAL' })
  expect((await second.plan(operation('{ item { own1 } }'))).fetches).toBe(2)
})

test('who waits until it is ready waits for the planners of every supergraph that is open', async () => {
  await using held = threadOf()
  const ready = (): number => held.lines.filter(line => line.includes('planning.ready')).length
  held.thread.open(graph)
  held.thread.open(maze)
  expect(ready()).toBe(0)
  await held.thread.ready()
  expect(ready()).toBe(2)
  // Nothing is left to wait for.
  await held.thread.ready()
  held.thread.open(graph)
  await held.thread.ready()
  expect(ready()).toBe(3)
})

test('waiting until it is ready ends when it takes too long, cannot be, or is no longer wanted', async () => {
  const clock = manualClock()
  await using held = threadOf({ readyMsMax: 300 }, clock)
  const { thread } = held
  const own = thread.open(graph)
  const late = thread.ready()
  clock.advance(300)
  await late
  expect(held.lines.join('')).toContain('planning.late')

  const closed = thread.ready()
  await own.close()
  await closed
  thread.open('no supergraph')
  await thread.ready()
  thread.open(graph)
  const ended = thread.ready()
  await thread.close()
  await ended
})

test('closing ends the thread and answers what waits', async () => {
  const held = threadOf()
  const pending = Array.from({ length: 3 }, () => held.thread.open(graph).plan(operation('{ item { b } }')))
  const settled = Promise.allSettled(pending)
  await held.thread.close()
  for (const each of await settled) expect(each).toMatchObject({ reason: { code: 'UNAVAILABLE' } })
})

test.each([
  [{ planMsMax: 0 }, 'planning.planMsMax must be an integer >= 1, got 0'],
  [{ waitingMax: 1.5 }, 'planning.waitingMax must be an integer >= 1, got 1.5'],
])('%j is refused', (options, message) => {
  expect(() => threadOf(options)).toThrow(message)
})
