import { execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { cannedSubgraph } from '../support/canned-subgraph.ts'
import { composeForTest } from '../support/federated.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'
import type { RunningProcess } from './running-ennead.ts'

const sdlOf = (url: string, fields: string): string =>
  composeForTest({ a: { sdl: `type Query { ${fields} }` } }).replaceAll('http://a.invalid/graphql', url)

const patient = [
  '--request-timeout-ms',
  '30000',
  '--event-loop-shed-ms',
  '60000',
  '--event-loop-essential-ms',
  '80000',
]

function start(supergraph: string, more: readonly string[] = []): Promise<RunningProcess> {
  const flags = ['--supergraph', supergraph, '--port', '0', '--workers', '2', '--metrics-port', '0']
  return startEnnead(['gateway', ...flags, ...patient, ...more])
}

/** A connection of its own each time, so that the workers take turns. */
async function ask(url: string, query: string): Promise<string> {
  const headers = { 'content-type': 'application/json', connection: 'close' }
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
  return response.text()
}

/** Processes that the gateway has started. */
function workersOf({ process: { pid } }: RunningProcess): readonly number[] {
  const found = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return found.trim().split(/\s+/).map(Number)
}

async function workersTold(url: string): Promise<unknown> {
  // A connection that was handed to a worker which died that moment is never answered.
  const signal = AbortSignal.timeout(500)
  const response = await fetch(new URL('/health/ready', url), { headers: { connection: 'close' }, signal })
  // What the gateway under test says of itself.
  const { ready, workers } = (await response.json()) as { ready: unknown; workers: unknown }
  return { ready, workers }
}

async function hashOf(url: string): Promise<unknown> {
  const response = await fetch(new URL('/health/ready', url), { headers: { connection: 'close' } })
  // What the gateway under test says of itself.
  const { gateway } = (await response.json()) as { gateway: { supergraph: { hash: string } } }
  return gateway.supergraph.hash
}

test('several workers take requests at one address, their metrics are added up, and one that is killed is replaced', async () => {
  await using subgraph = await cannedSubgraph({ a: 1 })
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'supergraph.graphql')
  await writeFile(path, sdlOf(subgraph.url, 'a: Int'))
  await using gateway = await start(path)
  const metrics = /metrics (\S+?)\)/.exec(gateway.ready)?.[1] ?? ''
  for (let request = 0; request < 6; request++)
    expect(await ask(gateway.url, '{ a }')).toBe('{"data":{"a":1}}')
  const text = await (await fetch(metrics)).text()
  expect(text).toMatch(/^ennead_ready 2$/m)
  expect(text).toMatch(/^graphql_server_operation_duration_seconds_count\{.*outcome="ok".*\} 6$/m)

  const told = (): Promise<unknown> => workersTold(gateway.url)
  const full = { ready: true, workers: { of: 2, takingRequests: 2 } }
  await expect.poll(told, { timeout: 30_000 }).toEqual(full)
  const [first, second] = workersOf(gateway)
  if (first === undefined || second === undefined) throw new Error('there are two workers')
  process.kill(first, 'SIGKILL')
  await expect.poll(told, { timeout: 30_000 }).toEqual({ ready: true, workers: { of: 2, takingRequests: 1 } })
  // The others go on meanwhile, and no request finds a closed door.
  await expect.poll(() => gateway.stderr(), { timeout: 30_000 }).toContain('worker.replaced')
  await expect.poll(told, { timeout: 30_000 }).toEqual(full)
  const now = workersOf(gateway)
  expect(now).toHaveLength(2)
  expect(now).toContain(second)
  expect(now).not.toContain(first)
  for (let request = 0; request < 6; request++)
    expect(await ask(gateway.url, '{ a }')).toBe('{"data":{"a":1}}')
}, 120_000)

test('every worker takes a new supergraph into use, one that starts later as well', async () => {
  await using subgraph = await cannedSubgraph({ a: 1 })
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'supergraph.graphql')
  await writeFile(path, sdlOf(subgraph.url, 'a: Int'))
  await using gateway = await start(path)
  const next = sdlOf(subgraph.url, 'a: Int b: Int')
  await writeFile(path, next)
  const { hash } = loadSupergraph(next)
  const all = async (): Promise<ReadonlySet<unknown>> => {
    const seen = new Set<unknown>()
    for (let request = 0; request < 6; request++) seen.add(await hashOf(gateway.url))
    return seen
  }
  await expect.poll(all, { timeout: 30_000 }).toEqual(new Set([hash]))
  const [first] = workersOf(gateway)
  if (first === undefined) throw new Error('there are two workers')
  process.kill(first, 'SIGKILL')
  await expect.poll(() => gateway.stderr(), { timeout: 30_000 }).toContain('worker.replaced')
  expect(await all()).toEqual(new Set([hash]))
}, 120_000)

test('what subgraphs have answered is forgotten by every worker when an operator says so', async () => {
  await using subgraph = await cannedSubgraph({ a: 1 }, { 'cache-control': 'public, max-age=600' })
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'supergraph.graphql')
  const control = join(folder.path, 'control.sock')
  await writeFile(path, sdlOf(subgraph.url, 'a: Int'))
  await using gateway = await start(path, ['--entity-cache', '--control', control])
  const asked = async (): Promise<number> => {
    const before = subgraph.asked.length
    for (let request = 0; request < 6; request++) await ask(gateway.url, '{ a }')
    return subgraph.asked.length - before
  }
  await expect.poll(asked, { timeout: 30_000 }).toBe(0)
  const forget = ['cache', 'forget', '--control', control]
  const wrong = await runEnnead([...forget, '--subgraph', 'b'])
  expect(wrong).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no subgraph "b"; there are a'),
  })
  expect(await asked()).toBe(0)
  const done = await runEnnead([...forget, '--subgraph', 'a'])
  expect(done).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(done.stdout)).toEqual({ forgotten: { subgraph: 'a' }, processes: 2 })
  expect(await asked()).toBe(2)
  expect(await asked()).toBe(0)
}, 120_000)

test('asked to stop, workers finish what they do', async () => {
  await using subgraph = await cannedSubgraph({ a: 1 })
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'supergraph.graphql')
  await writeFile(path, sdlOf(subgraph.url, 'a: Int'))
  await using gateway = await start(path)
  const arrived = Promise.withResolvers<void>()
  const goes = Promise.withResolvers<void>()
  subgraph.before = () => {
    arrived.resolve()
    return goes.promise
  }
  const answer = ask(gateway.url, '{ a }')
  await arrived.promise
  const stopped = gateway.stop()
  goes.resolve()
  expect(await answer).toBe('{"data":{"a":1}}')
  expect(await stopped).toBe(0)
}, 120_000)

test('workers that cannot start end the gateway with their reason', async () => {
  await using subgraph = await cannedSubgraph({ a: 1 })
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'supergraph.graphql')
  await writeFile(path, sdlOf(subgraph.url, 'a: Int'))
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, 'localhost', resolve))
  // A server that listens on TCP has an AddressInfo.
  const { port } = taken.address() as AddressInfo
  const ended = await runEnnead(['gateway', '--supergraph', path, '--port', String(port), '--workers', '2'])
  taken.close()
  expect(ended.code).not.toBe(0)
  expect(ended.stderr).toContain('PORT_TAKEN')
}, 120_000)

test('an operation log needs a gateway of one process', async () => {
  const flags = ['--supergraph', 'none.graphql', '--workers', '2', '--operation-log', 'log']
  const ended = await runEnnead(['gateway', ...flags])
  expect(ended.code).not.toBe(0)
  expect(ended.stderr).toContain('--operation-log is written by one process')
})
