import { expect, test, vi } from 'vitest'
import { FatalOperations } from '../../../gateway/planning/fatal-operations.ts'
import { LocalPlanner } from '../../../gateway/planning/local-planner.ts'
import type { Plan } from '../../../gateway/planning/plan.ts'
import type { Planner, PlanRequest } from '../../../gateway/planning/planner.ts'
import { RustProcess } from '../../../gateway/planning/rust-process.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { composeForTest } from '../../support/federated.ts'

const graph = composeForTest({
  a: { sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! a: Int }` },
  b: { sdl: `type Item @key(fields: "id") { id: ID! b: Int }` },
})
const operation = { text: '{ item { a b } }', operationName: undefined }

/** On which the planner panics when `label` is asked for: the way to what it requires leads through its own subgraph (version 0.0.38). */
const panicking = composeForTest({
  a: { sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! }` },
  b: {
    sdl: `type Item @key(fields: "id") { id: ID! code: Int! @shareable size: Int @external label: String @requires(fields: "size") }`,
  },
  c: { sdl: `type Item @key(fields: "code") { code: Int! @shareable size: Int other: Int }` },
})
const fatal = { text: '{ item { label } }', operationName: undefined }
const harmless = { text: '{ item { other } }', operationName: undefined }

/** The plan, once a process that was started anew is ready. */
function eventually(planner: Planner, request: PlanRequest): Promise<Plan> {
  return vi.waitFor(() => planner.plan(request), { timeout: 25_000, interval: 5 })
}

test('an operation at which the planner panics is told from the others, and does not end its process again', async () => {
  const clock = manualClock()
  const process = new RustProcess({ restMs: 100, clock })
  const planner = await process.open(panicking)
  const { pid } = process
  expect((await planner.plan(harmless)).fetches).toBeGreaterThan(2)
  await expect(planner.plan(fatal)).rejects.toMatchObject({
    code: 'QUERY_PLAN_FAILED',
    cause: { message: expect.stringContaining('panicked') },
  })
  expect(process.pid).toBeUndefined()
  await expect(planner.plan(harmless)).rejects.toMatchObject({ code: 'UNAVAILABLE' })

  clock.advance(100)
  const next = process.pid
  expect(next).not.toBe(pid)
  // Not ready yet: nobody waits for it.
  await expect(planner.plan(harmless)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect((await eventually(planner, harmless)).fetches).toBeGreaterThan(2)
  await expect(planner.plan(fatal)).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })
  expect((await planner.plan(harmless)).fetches).toBeGreaterThan(2)
  expect(process.pid).toBe(next)

  // A supergraph that is opened anew may be another.
  const again = await process.open(panicking)
  await planner.close()
  await expect(again.plan(fatal)).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })
  expect(process.pid).toBeUndefined()
  await again.close()
})

test('asked first, the Rust planner leaves to the other what it panics at, and what comes while it restarts', async () => {
  const planner = new LocalPlanner('rust', panicking)
  expect(await planner.plan(harmless)).toMatchObject({ plannedBy: 'rust' })
  const reasons: string[] = []
  const own = async (request: PlanRequest): Promise<boolean> => {
    const { plannedBy, handedOn = [] } = await planner.plan(request)
    reasons.push(...handedOn)
    return plannedBy === 'rust'
  }
  expect(await own(fatal)).toBe(false)
  expect(reasons.splice(0).join()).toContain('SIGABRT')
  await vi.waitFor(async () => expect(await own(harmless)).toBe(true), { timeout: 25_000, interval: 5 })
  for (const reason of reasons.splice(0)) expect(reason).toContain('while a planner restarts')
  expect(await own(fatal)).toBe(false)
  expect(reasons.join()).toContain('at this operation before')
  expect(await own(harmless)).toBe(true)
  await planner.close()
})

test('a supergraph at which the process ends is not opened again, and the others are', async () => {
  const clock = manualClock()
  const process = new RustProcess({ restMs: 100, clock })
  const first = await process.open(graph)
  const { pid = 0 } = process
  // It cannot answer before it is ended as native code ends it.
  globalThis.process.kill(pid, 'SIGSTOP')
  const opening = process.open(panicking)
  globalThis.process.kill(pid, 'SIGABRT')
  globalThis.process.kill(pid, 'SIGCONT')
  const second = await opening
  clock.advance(100)
  expect((await eventually(first, operation)).fetches).toBe(2)
  await expect(second.plan(harmless)).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })
  await first.close()
  await second.close()
  expect(process.pid).toBeUndefined()
})

test('an operation during which the process is ended from outside is only suspected the first time', async () => {
  const clock = manualClock()
  const process = new RustProcess({ restMs: 100, clock })
  const planner = await process.open(graph)
  for (const _ of [1, 2]) {
    expect((await eventually(planner, operation)).fetches).toBe(2)
    const lost = planner.plan(operation)
    kill(process)
    await expect(lost).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    clock.advance(100)
  }
  await expect(planner.plan(operation)).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })
  await planner.close()
  expect(process.pid).toBeUndefined()
})

test('the rest doubles each time in a row, within its limit', async () => {
  const clock = manualClock()
  const process = new RustProcess({ restMs: 100, restMsMax: 300, clock })
  const planner = await process.open(graph)
  for (const restMs of [100, 200, 300, 300]) {
    kill(process)
    await vi.waitFor(() => expect(process.pid).toBeUndefined(), { timeout: 25_000, interval: 1 })
    clock.advance(restMs - 1)
    await expect(planner.plan(operation)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(process.pid).toBeUndefined()
    clock.advance(1)
    expect(process.pid).toBeDefined()
  }
  await planner.close()
})

test('of fatal operations the last thousand are remembered', () => {
  const operations = new FatalOperations()
  const nth = (n: number) => ({ text: `{ item { a${n} } }`, operationName: undefined })
  for (let n = 0; n < 3_000; n++) operations.suspect(nth(n), true)
  expect(operations.count).toBe(1_000)
  expect([operations.has(nth(1_999)), operations.has(nth(2_000)), operations.has(nth(2_999))]).toEqual([
    false,
    true,
    true,
  ])
  operations.suspect(nth(1), false)
  expect(operations.has(nth(1))).toBe(false)
  operations.suspect(nth(1), false)
  expect(operations.has(nth(1))).toBe(true)
  expect(operations.has({ ...nth(1), operationName: 'Other' })).toBe(false)
})

test('a plan that nobody waits for any more is stopped, and the process stays', async () => {
  const process = new RustProcess({ clock: manualClock() })
  const planner = await process.open(graph)
  const { pid } = process
  const leave = new AbortController()
  const left = planner.plan(operation, leave.signal)
  leave.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  expect((await planner.plan(operation)).fetches).toBe(2)
  expect(process.pid).toBe(pid)
  await planner.close()
})

test('a process that does not stop is ended, which is no reason to rest', async () => {
  const clock = manualClock()
  const process = new RustProcess({ clock })
  const planner = await process.open(graph)
  const { pid } = process
  if (pid === undefined) throw new Error('no process')
  globalThis.process.kill(pid, 'SIGSTOP')
  const leave = new AbortController()
  const left = planner.plan(operation, leave.signal)
  leave.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  clock.advance(1_000)
  expect(process.pid).not.toBe(pid)
  expect((await eventually(planner, { ...operation, text: '{ item { b } }' })).fetches).toBe(2)
  await expect(planner.plan(operation)).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })
  await planner.close()
})

test('what the planner cannot plan is refused with its reason, and the process stays', async () => {
  const process = new RustProcess({ clock: manualClock() })
  const planner = await process.open(graph)
  await expect(planner.plan({ text: '{ nothing }', operationName: undefined })).rejects.toMatchObject({
    code: 'QUERY_PLAN_FAILED',
    cause: expect.stringContaining('nothing'),
  })
  const { pid } = process
  expect((await planner.plan(operation)).fetches).toBe(2)
  expect(process.pid).toBe(pid)
  await planner.close()
})

function kill({ pid }: RustProcess): void {
  if (pid === undefined) throw new Error('no process')
  globalThis.process.kill(pid, 'SIGKILL')
}
