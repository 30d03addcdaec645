// What one request costs a gateway, beside what it costs others: npm run bench:gateway
// Gateways run in turn on one core; the load and the subgraphs run on another.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, availableParallelism } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { startGateway } from './gateway-process.ts'
import type { Gateway, GatewayProcess } from './gateway-process.ts'
import { gateways } from './gateways.ts'
import { supergraphSdl, subgraphSchemas } from './graph.ts'
import { load, requestHeaders } from './load.ts'
import type { Load } from './load.ts'
import { summary, table } from './report.ts'
import type { Sample } from './report.ts'
import { scenarios } from './scenarios.ts'
import type { Scenario } from './scenarios.ts'
import { benchSettings } from './settings.ts'
import { serveSubgraphs } from './subgraph-server.ts'

const settings = benchSettings()
const pinned = availableParallelism() > 1
// This process takes the second core, with the subgraphs.
if (pinned) execFileSync('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })
else console.log('one core only: the load takes part of what is measured as latency')

const chosen = scenarios.filter(({ name }) => settings.scenarios?.includes(name) ?? true)
const folder = mkdtempSync(join(tmpdir(), 'ennead-bench-'))
const subgraphs = await serveSubgraphs(subgraphSchemas())
const supergraph = join(folder, 'supergraph.graphql')
const calls = join(folder, 'calls.json')
writeFileSync(supergraph, supergraphSdl(subgraphs.port))
const all = gateways(supergraph, calls)
const measured = all.filter(({ name }) => settings.gateways?.includes(name) ?? true)
const answers = new Map<string, string>()
const samples: Sample[] = []

async function ask({ port }: GatewayProcess, { query }: Scenario): Promise<string> {
  const { statusCode, body } = await request(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: requestHeaders(true),
    body: JSON.stringify({ query }),
  })
  const text = await body.text()
  if (statusCode !== 200 || text.includes('"errors"')) throw new Error(`${statusCode}: ${text.slice(0, 500)}`)
  return text
}

/** What Ennead answers, and the calls it makes for it: every other gateway must answer the same. */
async function prepare(first: Gateway): Promise<void> {
  const gateway = await startGateway(first, undefined)
  const recorded = []
  try {
    for (const scenario of chosen) {
      // A first answer may be made in another way than those after it.
      for (let warm = 0; warm < 50; warm++) await ask(gateway, scenario)
      let answer = ''
      const waves = await subgraphs.record(async () => (answer = await ask(gateway, scenario)))
      answers.set(scenario.name, JSON.stringify(JSON.parse(answer)))
      recorded.push({ query: scenario.query, answer, waves })
    }
  } finally {
    await gateway.stop()
  }
  writeFileSync(calls, JSON.stringify({ port: subgraphs.port, scenarios: recorded }))
}

async function measure(gateway: Gateway): Promise<void> {
  const running = await startGateway(gateway, pinned ? 0 : undefined)
  try {
    for (const scenario of chosen) {
      const same = JSON.stringify(JSON.parse(await ask(running, scenario))) === answers.get(scenario.name)
      if (!same) throw new Error(`${gateway.name} answers "${scenario.name}" otherwise`)
      samples.push(await sample(gateway, running, scenario))
    }
  } finally {
    await running.stop()
  }
}

async function sample(gateway: Gateway, running: GatewayProcess, scenario: Scenario): Promise<Sample> {
  const { port } = running
  const { connections, warmSeconds, warmRequests, seconds } = settings
  const { unique } = scenario
  const asked = { port, connections, unique, body: JSON.stringify({ query: scenario.query }) }
  await load({ ...asked, seconds: warmSeconds, requestsMin: warmRequests })
  const callsBefore = subgraphs.calls
  const before = await running.usage()
  const done: Load = await load({ ...asked, seconds })
  const after = await running.usage()
  return {
    gateway: gateway.name,
    scenario: scenario.name,
    cpuUs: (after.cpuUs - before.cpuUs) / done.requests,
    rps: done.requests / done.seconds,
    p50Ms: done.p50,
    p99Ms: done.p99,
    rssMiB: after.rssBytes / 1_048_576,
    calls: (subgraphs.calls - callsBefore) / done.requests,
    failed: done.failed,
  }
}

try {
  const [first] = all
  if (first === undefined) throw new Error('nothing to measure')
  await prepare(first)
  for (const [name, answer] of answers)
    console.log(`${name}: an answer of ${Buffer.byteLength(answer)} bytes`)
  for (let round = 0; round < settings.rounds; round++) for (const each of measured) await measure(each)
} finally {
  subgraphs.close()
  rmSync(folder, { recursive: true })
}
if (subgraphs.anonymous > 0) console.log(`${subgraphs.anonymous} calls came without an Authorization header`)
const medians = summary(samples)
console.log(table(medians))
console.log(
  JSON.stringify({
    benchmark: 'gateway',
    unit: 'cpu µs per request',
    node: process.version,
    results: medians,
  }),
)
if (medians.some(({ failed }) => failed > 0)) process.exitCode = 1
