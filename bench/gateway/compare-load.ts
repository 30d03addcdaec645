// The load and the subgraphs of compare.ts, which starts this.
import { supergraphSdl, subgraphSchemas } from './graph.ts'
import { load } from './load.ts'
import { scenarios } from './scenarios.ts'
import { serveSubgraphs } from './subgraph-server.ts'

const subgraphs = await serveSubgraphs(subgraphSchemas())
process.on('disconnect', () => process.exit())
process.on('message', (asked: { readonly port: number; readonly scenario: string }) => void answer(asked))
process.send?.(supergraphSdl(subgraphs.port))

async function answer({
  port,
  scenario,
}: {
  readonly port: number
  readonly scenario: string
}): Promise<void> {
  const found = scenarios.find(({ name }) => name === scenario)
  if (found === undefined) throw new Error(`no scenario "${scenario}"`)
  const { query, unique } = found
  const body = JSON.stringify({ query })
  const { requests, failed } = await load({ port, body, unique, connections: 16, seconds: 0.1 })
  if (failed > 0) throw new Error(`${failed} requests failed`)
  process.send?.(requests)
}
