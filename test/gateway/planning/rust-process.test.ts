import { expect, test } from 'vitest'
import { RustProcess } from '../../../gateway/planning/rust-process.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { composeForTest } from '../../support/federated.ts'

const graph = composeForTest({
  a: { sdl: `type Query { item: Item } type Item @key(fields: "id") { id: ID! a: Int }` },
  b: { sdl: `type Item @key(fields: "id") { id: ID! b: Int }` },
})
const operation = { text: '{ item { a b } }', operationName: undefined }

test('a process that ends costs the operation, a rest and a start, and nothing else', async () => {
  const clock = manualClock()
  const process = new RustProcess({ restMs: 100, clock })
  const planner = await process.open(graph)
  expect((await planner.plan(operation)).fetches).toBe(2)

  const lost = planner.plan(operation)
  kill(process)
  await expect(lost).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })
  await expect(planner.plan(operation)).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })

  clock.advance(100)
  expect(await planner.plan(operation)).toMatchObject({ plannedBy: 'rust', fetches: 2 })
  await planner.close()
  expect(process.pid).toBeUndefined()
})

test('the rest doubles each time in a row, within its limit', async () => {
  const clock = manualClock()
  const process = new RustProcess({ restMs: 100, restMsMax: 300, clock })
  const planner = await process.open(graph)
  for (const restMs of [100, 200, 300, 300]) {
    const lost = planner.plan(operation)
    kill(process)
    await expect(lost).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })
    clock.advance(restMs - 1)
    await expect(planner.plan(operation)).rejects.toMatchObject({ code: 'QUERY_PLAN_FAILED' })
    expect(process.pid).toBeUndefined()
    clock.advance(1)
  }
  await planner.close()
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
  expect((await planner.plan(operation)).fetches).toBe(2)
  expect(process.pid).not.toBe(pid)
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
