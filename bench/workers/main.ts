// What a second worker brings: npm run bench:workers
// Gateways with one and two workers in turn, unpinned. Load and subgraphs run on the same machine and take their share of it:
// with two cores there is less than a second one to be had.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ennead } from '../gateway/gateways.ts'
import { startGateway } from '../gateway/gateway-process.ts'
import { supergraphSdl, subgraphSchemas } from '../gateway/graph.ts'
import { load } from '../gateway/load.ts'
import { scenarios } from '../gateway/scenarios.ts'
import { serveSubgraphs } from '../gateway/subgraph-server.ts'

interface Figures {
  readonly workers: number
  readonly rps: number
  readonly p99Ms: number
  readonly failed: number
}

const rounds = 2
const connections = 64
const folder = mkdtempSync(join(tmpdir(), 'ennead-bench-'))
const subgraphs = await serveSubgraphs(subgraphSchemas())
const supergraph = join(folder, 'supergraph.graphql')
writeFileSync(supergraph, supergraphSdl(subgraphs.port))
const deep = scenarios.find(({ name }) => name === 'deep')
if (deep === undefined) throw new Error('there is no scenario "deep"')
const body = JSON.stringify({ query: deep.query })

async function measure(workers: number): Promise<Figures> {
  const argv = ennead(supergraph, ['--workers', String(workers)])
  const gateway = await startGateway({ name: `${workers} workers`, argv }, undefined)
  try {
    const asked = { port: gateway.port, body, unique: true, connections }
    await load({ ...asked, seconds: 3, requestsMin: 2_000 })
    const { requests, seconds, p99, failed } = await load({ ...asked, seconds: 4 })
    return { workers, rps: requests / seconds, p99Ms: p99, failed }
  } finally {
    await gateway.stop()
  }
}

const measured: Figures[] = []
try {
  for (let round = 0; round < rounds; round++) {
    for (const workers of [1, 2]) {
      const figures = await measure(workers)
      measured.push(figures)
      console.log(
        `${workers} worker(s): ${figures.rps.toFixed(0)} RPS, p99 ${figures.p99Ms.toFixed(0)} ms, ${figures.failed} failed`,
      )
    }
  }
} finally {
  subgraphs.close()
  rmSync(folder, { recursive: true })
}
const best = (workers: number): number =>
  Math.max(...measured.filter(each => each.workers === workers).map(({ rps }) => rps))
console.log(
  JSON.stringify({
    benchmark: 'workers',
    unit: 'requests per second',
    cores: availableParallelism(),
    one: Math.round(best(1)),
    two: Math.round(best(2)),
    ratio: Math.round((best(2) / best(1)) * 100) / 100,
  }),
)
if (measured.some(({ failed }) => failed > 0)) process.exitCode = 1
process.exit()
