// What planning costs, and what it may take from those who wait: npm run bench:planning
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createEngine } from '../../gateway/create-engine.ts'
import type { Engine } from '../../gateway/engine.ts'
import { compile } from '../../gateway/execution/compiled/compile.ts'
import { Prepared } from '../../gateway/execution/prepared.ts'
import type { Subgraph } from '../../gateway/execution/subgraph.ts'
import { LocalPlanner } from '../../gateway/planning/local-planner.ts'
import { fixedSupergraph } from '../../gateway/supergraph/supergraph-source.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { supergraphSdl } from '../gateway/graph.ts'
import { scenarios } from '../gateway/scenarios.ts'

const supergraph = loadSupergraph(supergraphSdl(1))
const deep = scenarios.find(({ name }) => name === 'deep')?.query ?? ''

/** 504 fields, fragments expanded. */
const fields = Array.from(
  { length: 21 },
  (_, each) => `p${each}: topProducts(first: ${each + 1}) { ...Wide }`,
)
const wide = `fragment Wide on Product { upc name price weight inStock shippingEstimate
  reviews { id body author { id name username birthday reviews { id body product { upc name price weight inStock } } } } }`
const fiveHundred = `query FiveHundred { ${fields.join(' ')} } ${wide}`

/** A subgraph that nobody asks. */
const silent = (name: string): Subgraph => ({
  name,
  execute: () => Promise.reject(new Error('not asked')),
  exchange: () => Promise.reject(new Error('not asked')),
  subscribe: () => {
    throw new Error('not asked')
  },
  close: () => Promise.resolve(),
})

function engine(): Engine {
  const limits = { aliasesMax: 1_000, selectionsMax: 20_000, rootFieldsMax: 1_000, fetchesMax: 1_000 }
  const cost = { costMax: Number.MAX_SAFE_INTEGER }
  return createEngine({ supergraph: fixedSupergraph(supergraph), subgraph: silent, limits, cost })
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function msOf(work: () => unknown): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** Milliseconds to plan, by a planner that has planned another operation before. */
async function planMs(planner: 'apollo' | 'rust', text: string): Promise<number> {
  const samples: number[] = []
  const warm = new LocalPlanner(planner, supergraph.sdl)
  await warm.plan({ text: '{ topProducts { name } }', operationName: undefined })
  for (let round = 0; round < 15; round++) {
    samples.push(await msOf(() => warm.plan({ text, operationName: undefined })))
  }
  await warm.close()
  return median(samples)
}

const results: Record<string, number> = {}
for (const planner of ['apollo', 'rust'] as const) {
  results[`deep, ${planner}, ms`] = await planMs(planner, deep)
  results[`500 fields, ${planner}, ms`] = await planMs(planner, fiveHundred)
}

const prepared = engine()
const operation = await prepared.prepare({ query: deep })
if (!(operation instanceof Prepared)) throw new Error('it was not prepared')
const { plan, rootType, selections } = operation.planned
const compiled: number[] = []
for (let round = 0; round < 15; round++) {
  compiled.push(await msOf(() => compile({ plan, type: rootType, shape: selections({}), variables: {} })))
}
results['compile deep, ms'] = median(compiled)

// How long anybody else had to wait while operations that the gateway had never seen were planned.
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
for (let each = 0; each < 30; each++) {
  await prepared.prepare({ query: deep.replace('query Deep', `query Deep${each}`) })
}
await prepared.prepare({ query: fiveHundred })
delay.disable()
results['event loop blocked while planning, max ms'] = delay.max / 1e6
await prepared.close()

const many = engine()
globalThis.gc?.()
const before = process.memoryUsage().heapUsed
for (let each = 0; each < 10_000; each++)
  await many.prepare({ query: `query Q${each} { topProducts { name upc } }` })
globalThis.gc?.()
results['10,000 distinct operations, MiB'] = (process.memoryUsage().heapUsed - before) / 1_048_576
await many.close()

for (const [name, value] of Object.entries(results)) console.log(`${value.toFixed(2).padStart(10)}  ${name}`)
console.log(JSON.stringify({ benchmark: 'planning', node: process.version, results }))
process.exit()
