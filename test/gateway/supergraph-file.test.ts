import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEngine } from '../../gateway/create-engine.ts'
import { LocalPlanner } from '../../gateway/planning/local-planner.ts'
import type { Engine } from '../../gateway/engine.ts'
import { watchSupergraphFile } from '../../gateway/supergraph/supergraph-file.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { ask, composeForTest } from '../support/federated.ts'

const first = composeForTest({ a: { sdl: 'type Query { a: Int }' } })
const second = composeForTest({ a: { sdl: 'type Query { a: Int b: Int }' } })

interface Rig extends AsyncDisposable {
  readonly path: string
  readonly engine: Engine
  /** Takes the place of the file in one step, as deployments do. */
  readonly replace: (sdl: string) => Promise<void>
}

async function rig(): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'ennead-supergraph-'))
  const path = join(folder, 'supergraph.graphql')
  await writeFile(path, first)
  const engine = createEngine({
    supergraph: await watchSupergraphFile(path, { settleMs: 5, pollMs: 50 }),
    planner: ({ sdl }) => new LocalPlanner('auto', sdl),
    subgraph: name => ({
      name,
      execute: async ({ query }) => ({ data: query.includes('b') ? { a: 1, b: 2 } : { a: 1 } }),
      subscribe: () => {
        throw new Error('not asked')
      },
      close: async () => undefined,
    }),
  })
  return {
    path,
    engine,
    async replace(sdl) {
      await writeFile(`${path}.new`, sdl)
      await rename(`${path}.new`, path)
    },
    async [Symbol.asyncDispose]() {
      await engine.close()
      await rm(folder, { recursive: true })
    },
  }
}

test.each([
  ['', 'it is empty'],
  [' \n', 'it is empty'],
  [first.slice(0, first.length / 2), 'it is not GraphQL at line'],
  ['type Query { a: Int }', 'it is not a composed supergraph'],
  [first.replace('enum join__Graph', 'enum join__Grap'), 'it is not a composed supergraph'],
  [first.replace('a: Int', 'a: Nothing'), 'Nothing'],
  [first.replace('join/v0.5', 'join/v9.9').replace('join/v0.3', 'join/v9.9'), 'join'],
])('%# a file that is no supergraph is refused with the reason', (sdl, reason) => {
  expect(() => loadSupergraph(sdl)).toThrow(
    expect.objectContaining({ code: 'SUPERGRAPH_INVALID', message: expect.stringContaining(reason) }),
  )
})

test('a file that cannot be read at the start is one clear error', async () => {
  await expect(watchSupergraphFile('/nowhere/supergraph.graphql')).rejects.toMatchObject({
    code: 'SUPERGRAPH_INVALID',
  })
})

test('a good file is taken, whether it is renamed over or written into', async () => {
  await using gateway = await rig()
  await gateway.replace(second)
  await expect.poll(() => ask(gateway.engine, '{ b }')).toEqual({ data: { b: 2 } })
  await writeFile(gateway.path, first)
  await expect.poll(async () => (await ask(gateway.engine, '{ b }')).errors).toHaveLength(1)
  expect(gateway.engine.health().supergraph).toMatchObject({
    hash: loadSupergraph(first).hash,
    refused: undefined,
    earlier: [loadSupergraph(second).hash],
  })
})

test.each([
  ['an empty file', ''],
  ['a truncated file', second.slice(0, 700)],
  ['another schema', 'type Query { b: Int }'],
])('%s leaves the last good one in use and says why; putting a good one back clears that', async (_, bad) => {
  await using gateway = await rig()
  const before = gateway.engine.health().supergraph.hash
  await gateway.replace(bad)
  await expect
    .poll(() => gateway.engine.health().supergraph.refused?.reason)
    .toMatch(/the supergraph cannot be used/)
  expect(gateway.engine.health()).toMatchObject({ ready: true, supergraph: { hash: before } })
  expect(await ask(gateway.engine, '{ a }')).toEqual({ data: { a: 1 } })
  await gateway.replace(first)
  await expect.poll(() => gateway.engine.health().supergraph.refused).toBeUndefined()
  expect(gateway.engine.health().supergraph.hash).toBe(before)
})

test('a file that is deleted leaves the last good one in use', async () => {
  await using gateway = await rig()
  await rm(gateway.path)
  await expect
    .poll(() => gateway.engine.health().supergraph.refused?.reason)
    .toMatch(/cannot be read \(ENOENT\)/)
  expect(await ask(gateway.engine, '{ a }')).toEqual({ data: { a: 1 } })
  await gateway.replace(first)
  await expect.poll(() => gateway.engine.health().supergraph.refused).toBeUndefined()
})

test('a file that is only touched is not loaded again', async () => {
  await using gateway = await rig()
  await ask(gateway.engine, '{ a }')
  const before = gateway.engine.health()
  await utimes(gateway.path, 1, 1)
  await writeFile(gateway.path, first)
  await gateway.replace(second)
  await expect.poll(() => gateway.engine.health().supergraph.hash).not.toBe(before.supergraph.hash)
})

test('files replaced under load, bad ones among them, fail no request', async () => {
  await using gateway = await rig()
  const running = new AbortController()
  let answers = 0
  const failures: unknown[] = []
  const client = async (): Promise<void> => {
    while (!running.signal.aborted) {
      const answer = await ask(gateway.engine, `query Q${answers % 7} { a }`)
      answers++
      if (answer.errors !== undefined || answer.data?.['a'] !== 1) failures.push(answer)
      await new Promise(resolve => setImmediate(resolve))
    }
  }
  const clients = Array.from({ length: 8 }, client)
  const seen = new Set<string | undefined>()
  const replacements = [
    second,
    '',
    first,
    'type Query { a: Int }',
    second,
    first.slice(0, 900),
    first,
    second,
  ]
  for (const sdl of replacements) {
    const verdict = (): unknown => {
      const { hash, refused } = gateway.engine.health().supergraph
      return { hash, reason: refused?.reason }
    }
    const before = verdict()
    await gateway.replace(sdl)
    await expect.poll(verdict).not.toEqual(before)
    seen.add(gateway.engine.health().supergraph.hash)
  }
  running.abort()
  await Promise.all(clients)
  expect(failures).toEqual([])
  expect(seen.size).toBe(2)
  expect(answers).toBeGreaterThan(100)
})

test('an operation prepared before a swap finishes on what it was prepared on', async () => {
  await using gateway = await rig()
  await gateway.replace(second)
  await expect.poll(() => ask(gateway.engine, '{ b }')).toEqual({ data: { b: 2 } })
  const operation = await gateway.engine.prepare({ query: '{ b }' })
  await gateway.replace(first)
  await expect.poll(async () => (await ask(gateway.engine, '{ b }')).errors).toHaveLength(1)
  const context = {
    requestId: 'r',
    principal: undefined,
    remainingMs: 1_000,
    signal: new AbortController().signal,
    headers: {},
  }
  expect(await gateway.engine.execute(operation, context)).toEqual({ data: { b: 2 } })
})
