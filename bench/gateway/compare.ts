// What a request costs this checkout beside another one: npm run bench:compare -- OTHER [--scenarios a,b] [--seconds N]
// Both gateways run in this process, in turn for a moment each, so that what else the machine does falls on both; load and
// subgraphs run in a child.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type * as EngineModule from '../../gateway/create-engine.ts'
import type * as GuardModule from '../../gateway/execution/guarded-subgraph.ts'
import type * as HttpModule from '../../gateway/execution/http-subgraph.ts'
import type * as MetricsModule from '../../gateway/gateway-metrics.ts'
import type * as ServerModule from '../../gateway/http/gateway-server.ts'
import type * as SourceModule from '../../gateway/supergraph/supergraph-source.ts'
import type * as SupergraphModule from '../../gateway/supergraph/supergraph.ts'
import { Registry } from 'prom-client'
import { silentLog } from '../../kernel/log.ts'
import { scenarios } from './scenarios.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenarios: { type: 'string', default: 'deep,small,identical' },
    seconds: { type: 'string', default: '12' },
  },
})
const [other] = positionals
if (other === undefined) throw new Error('which checkout? npm run bench:compare -- OTHER')
const child = fork(join(import.meta.dirname, 'compare-load.ts'))
// Sent by compare-load.ts.
const [sdl] = (await once(child, 'message')) as [string]

/** The port of a gateway of the code in `folder`. */
async function started(folder: string): Promise<number> {
  const load = (file: string): Promise<unknown> => import(join(folder, 'gateway', file))
  // Another checkout of this repository has the same modules.
  const { createEngine } = (await load('create-engine.ts')) as typeof EngineModule
  const { guardedSubgraph } = (await load('execution/guarded-subgraph.ts')) as typeof GuardModule
  const { httpSubgraph } = (await load('execution/http-subgraph.ts')) as typeof HttpModule
  const { gatewayMetrics } = (await load('gateway-metrics.ts')) as typeof MetricsModule
  const { startGatewayServer } = (await load('http/gateway-server.ts')) as typeof ServerModule
  const { fixedSupergraph } = (await load('supergraph/supergraph-source.ts')) as typeof SourceModule
  const { loadSupergraph } = (await load('supergraph/supergraph.ts')) as typeof SupergraphModule
  const observe = gatewayMetrics(new Registry())
  const engine = createEngine({
    supergraph: fixedSupergraph(loadSupergraph(sdl)),
    subgraph: (name, url) => guardedSubgraph({ name, ways: [httpSubgraph({ name, url })] }),
    compiledAfter: 2,
    cost: { costMax: Number.MAX_SAFE_INTEGER },
    observe,
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

const ports = [await started(resolve(other)), await started(join(import.meta.dirname, '..', '..'))]
for (const { name } of scenarios.filter(each => values.scenarios.split(',').includes(each.name))) {
  const samples: number[][] = [[], []]
  const until = performance.now() + Number(values.seconds) * 1_000
  while (performance.now() < until)
    for (const [each, port] of ports.entries()) samples[each]?.push(await moment(port, name))
  // The first half is for the code to be optimised.
  const [theirs = NaN, ours = NaN] = samples.map(all => mean(all.slice(all.length >> 1)))
  const ratio = (ours / theirs).toFixed(3)
  console.log(`${name}: ${theirs.toFixed(0)} µs there, ${ours.toFixed(0)} µs here, ratio ${ratio}`)
}
child.kill()
process.exit()
