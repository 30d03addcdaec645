// What single parts of the gateway cost a request: npm run bench:parts [-- --scenarios a,b --seconds N]
// Gateways with one part switched off or on run in this process beside one as it is by default, in turn for a moment each, so that what
// else the machine does falls on all of them; load and subgraphs run in a child.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Registry } from 'prom-client'
import type { EngineOptions } from '../../gateway/create-engine.ts'
import { createEngine } from '../../gateway/create-engine.ts'
import { guardedSubgraph } from '../../gateway/execution/guarded-subgraph.ts'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import type { Subgraph } from '../../gateway/execution/subgraph.ts'
import { gatewayMetrics } from '../../gateway/gateway-metrics.ts'
import type { GatewayServerOptions } from '../../gateway/http/gateway-options.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { fixedSupergraph } from '../../gateway/supergraph/supergraph-source.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { silentLog } from '../../kernel/log.ts'
import { scenarios } from './scenarios.ts'

interface Part {
  readonly name: string
  readonly engine?: Partial<EngineOptions>
  readonly server?: Partial<GatewayServerOptions>
  /** `Cache-Control` of every answer of a subgraph. */
  readonly cacheControl?: string
}

const parts: readonly Part[] = [
  { name: 'as it is by default, with metrics' },
  { name: 'without metrics', engine: { observe: undefined }, server: { observe: undefined } },
  { name: 'without masking of errors', engine: { maskErrors: false } },
  { name: 'without compiled queries', engine: { compiledAfter: Infinity } },
  { name: 'with cost explained', engine: { explainCost: true } },
  {
    name: 'with rate limits by address and cost',
    server: { rateLimits: { perAddress: 1e9, costPerClient: 1e12 } },
  },
  { name: 'entity cache, nothing may be kept', engine: { entityCache: {} } },
  {
    name: 'entity cache, nothing is found',
    engine: { entityCache: {} },
    cacheControl: 'private, max-age=600',
  },
  { name: 'entity cache, all is found', engine: { entityCache: {} }, cacheControl: 'public, max-age=600' },
]

const { values } = parseArgs({
  options: {
    scenarios: { type: 'string', default: 'deep,small' },
    seconds: { type: 'string', default: '40' },
  },
})
const child = fork(join(import.meta.dirname, 'compare-load.ts'))
// Sent by compare-load.ts.
const [sdl] = (await once(child, 'message')) as [string]
const supergraph = loadSupergraph(sdl)

function subgraphOf(name: string, url: string, { cacheControl }: Part): Subgraph {
  const way = guardedSubgraph({ name, ways: [httpSubgraph({ name, url })] })
  if (cacheControl === undefined) return way
  const http = { status: 200, cacheControl, age: undefined, vary: undefined }
  return {
    name,
    execute: async (request, context) => ({ ...(await way.execute(request, context)), http }),
    subscribe: (request, context) => way.subscribe(request, context),
    close: () => way.close(),
  }
}

/** The port of a gateway with this part as it says. */
async function started(part: Part): Promise<number> {
  const observe = gatewayMetrics(new Registry())
  const engine = createEngine({
    supergraph: fixedSupergraph(supergraph),
    subgraph: (name, url) => subgraphOf(name, url, part),
    cost: { costMax: Number.MAX_SAFE_INTEGER },
    observe,
    ...part.engine,
  })
  await engine.ready()
  const { address } = await startGatewayServer({
    engine,
    observe,
    log: silentLog,
    address: { host: '127.0.0.1', port: 0 },
    limits: { requestTimeoutMs: 20_000 },
    admission: { eventLoopShedMs: 20_000, eventLoopEssentialMs: 20_000 },
    forwardHeaders: ['authorization'],
    ...part.server,
  })
  return address.port
}

/** CPU microseconds of this thread for each request of one moment's load. */
async function moment(port: number, scenario: string): Promise<number> {
  const before = process.threadCpuUsage()
  child.send({ port, scenario })
  // Sent by compare-load.ts.
  const [requests] = (await once(child, 'message')) as [number]
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / requests
}

/** Without the tenth that was disturbed most. */
function mean(samples: readonly number[]): number {
  const kept = samples.toSorted((left, right) => left - right).slice(0, Math.ceil(samples.length * 0.9))
  return kept.reduce((sum, sample) => sum + sample, 0) / kept.length
}

const gateways: { readonly name: string; readonly port: number }[] = []
for (const part of parts) gateways.push({ name: part.name, port: await started(part) })
for (const { name: scenario } of scenarios.filter(each => values.scenarios.split(',').includes(each.name))) {
  const samples = new Map<string, number[]>(parts.map(({ name }) => [name, []]))
  const until = performance.now() + Number(values.seconds) * 1_000
  while (performance.now() < until)
    for (const { name, port } of gateways) samples.get(name)?.push(await moment(port, scenario))
  console.log(`${scenario}: CPU µs a request, and more than by default`)
  // The first half is for the code to be optimised.
  const means = [...samples].map(([name, all]) => ({ name, cpuUs: mean(all.slice(all.length >> 1)) }))
  const [usual] = means
  for (const { name, cpuUs } of means) {
    const more = cpuUs - (usual?.cpuUs ?? NaN)
    console.log(`${cpuUs.toFixed(0).padStart(8)} ${more.toFixed(1).padStart(8)}  ${name}`)
  }
}
child.kill()
process.exit()
