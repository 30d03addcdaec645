import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cannedSubgraph } from '../support/canned-subgraph.ts'
import type { CannedSubgraph } from '../support/canned-subgraph.ts'
import { composeForTest } from '../support/federated.ts'
import { startEnnead, temporaryFolder } from './running-ennead.ts'
import type { RunningProcess } from './running-ennead.ts'

interface Rig extends AsyncDisposable {
  readonly gateway: RunningProcess
  readonly subgraph: CannedSubgraph
  readonly metricsUrl: string
  ask(query: string, headers?: Record<string, string>): Promise<Response>
}

async function rig(...flags: readonly string[]): Promise<Rig> {
  const folder = await temporaryFolder()
  const subgraph = await cannedSubgraph({ a: 1 })
  const path = join(folder.path, 'supergraph.graphql')
  const sdl = composeForTest({ a: { sdl: 'type Query { a: Int }' } })
  await writeFile(path, sdl.replaceAll('http://a.invalid/graphql', subgraph.url))
  const given = ['--supergraph', path, '--port', '0', '--metrics-port', '0', '--request-timeout-ms', '20000']
  const gateway = await startEnnead(['gateway', ...given, ...flags])
  return {
    gateway,
    subgraph,
    metricsUrl: /metrics (http:\S+\/metrics)/.exec(gateway.ready)?.[1] ?? '',
    ask: (query, headers = {}) =>
      fetch(gateway.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await subgraph[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(url)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

test('a gateway counts requests, operations, errors and subgraph calls, on a port of its own', async () => {
  await using running = await rig()
  for (let times = 0; times < 3; times++) await (await running.ask('{ a }')).text()
  await (await running.ask('{ nothing }')).text()
  running.subgraph.answer = JSON.stringify({
    data: { a: null },
    errors: [{ message: 'x', path: ['a'], extensions: { code: 'A_CODE_OF_ITS_OWN' } }],
  })
  await (await running.ask('{ a }')).text()
  const metrics = await scrape(running.metricsUrl)
  const http =
    'http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code='
  expect(metrics.get(`${http}"200"}`)).toBe(5)
  const operations = 'graphql_server_operation_duration_seconds_count{door="http",graphql_operation_type='
  expect(metrics.get(`${operations}"query",outcome="ok"}`)).toBe(3)
  expect(metrics.get(`${operations}"query",outcome="partial"}`)).toBe(1)
  expect(metrics.get(`${operations}"unknown",outcome="refused"}`)).toBe(1)
  expect(metrics.get('graphql_server_errors_total{code="GRAPHQL_VALIDATION_FAILED"}')).toBe(1)
  expect(metrics.get('graphql_server_errors_total{code="other"}')).toBe(1)
  const calls = 'ennead_subgraph_request_duration_seconds_count{subgraph="a",outcome='
  expect(metrics.get(`${calls}"ok"}`)).toBe(3)
  // By now the query is compiled; what it fetched is not asked for again because it has errors.
  expect(metrics.get(`${calls}"errors"}`)).toBe(1)
  expect(metrics.get('ennead_ready')).toBe(1)
  expect(metrics.get('ennead_supergraph_taken_total')).toBe(1)
  expect(metrics.get('ennead_supergraph_refused')).toBe(0)
  expect(metrics.get('ennead_admission_refused_total{reason="full"}')).toBe(0)
  expect(metrics.get('process_cpu_seconds_total')).toBeGreaterThan(0)
  expect((await fetch(new URL('/metrics', running.gateway.url))).status).toBe(404)
  expect((await fetch(running.metricsUrl, { method: 'POST' })).status).toBe(405)
})

test('trace context and request id reach the subgraph and the log', async () => {
  await using running = await rig('--log-level', 'debug')
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const traceparent = `00-${traceId}-b7ad6b7169203331-00`
  await (await running.ask('{ a }', { traceparent, 'x-request-id': 'mine-1' })).text()
  expect(running.subgraph.asked[0]).toMatchObject({ traceparent, 'x-request-id': 'mine-1' })
  const lines = (): string[] => running.gateway.stderr().split('\n')
  await expect.poll(() => lines().find(line => line.includes('"http.request"'))).toBeDefined()
  const line: unknown = JSON.parse(lines().find(text => text.includes('"http.request"')) ?? '')
  expect(line).toMatchObject({ level: 'debug', requestId: 'mine-1', traceId, status: 200, kind: 'query' })
})

test('a gateway that was asked to stop says so first, answers what runs, and takes requests meanwhile', async () => {
  await using running = await rig('--unready-ms', '2000')
  const held: (() => void)[] = []
  running.subgraph.before = () => new Promise(resolve => held.push(resolve))
  const slow = running.ask('{ a }')
  await expect.poll(() => held).toHaveLength(1)
  const stopped = running.gateway.stop()
  const ready = new URL('/health/ready', running.gateway.url)
  await expect.poll(async () => (await fetch(ready)).status).toBe(503)
  expect((await fetch(new URL('/health/live', ready))).status).toBe(200)
  running.subgraph.before = () => Promise.resolve()
  expect(await (await running.ask('{ a }')).json()).toEqual({ data: { a: 1 } })
  for (const release of held) release()
  expect(await (await slow).json()).toEqual({ data: { a: 1 } })
  expect(await stopped).toBe(0)
})

test('everything in one process counts what its dispatchers do as well', async () => {
  await using folder = await temporaryFolder()
  const flags = ['--port', '0', '--metrics-port', '0', '--data', folder.path]
  await using running = await startEnnead(['start', ...flags])
  const metricsUrl = /metrics (http:\S+\/metrics)/.exec(running.ready)?.[1] ?? ''
  const metrics = await scrape(metricsUrl)
  const attempts = [...metrics.keys()].filter(name =>
    name.startsWith('ennead_agent_attempt_duration_seconds_count'),
  )
  expect(attempts.some(name => name.includes('domain="db"'))).toBe(true)
  expect(metrics.get('ennead_ready')).toBe(1)
}, 60_000)
