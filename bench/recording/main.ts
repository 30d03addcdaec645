// What counting a request in the operation log costs: node bench/recording/main.ts
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSchema, parse, print } from 'graphql'
import { withoutValues } from '../../gateway/operation/without-values.ts'
import { clientNameOf } from '../../gateway/recording/client-name.ts'
import { openOperationLog } from '../../gateway/recording/operation-log.ts'
import { systemClock } from '../../kernel/clock.ts'
import { silentLog } from '../../kernel/log.ts'

const requests = 2_000_000
const documents = 1_000
const clients = 5
const rounds = 5

const schema =
  buildSchema(`type Query { product(id: ID!): Product search(text: String, first: Int): [Product!]! }
type Product { id: ID! name: String price(currency: String): Int reviews(first: Int): [Review!]! }
type Review { text: String stars: Int }`)
const texts = Array.from(
  { length: documents },
  (_each, index) => `query Page${index}($id: ID!) { product(id: $id) { id name price(currency: "EUR") }
  search(text: "shoes", first: ${index + 1}) { id name reviews(first: 3) { text stars } } }`,
)
const names = Array.from({ length: clients }, (_each, index) => ({
  'apollographql-client-name': `client-${index}`,
  'apollographql-client-version': '1.0.0',
}))

const folder = await mkdtemp(join(tmpdir(), 'ennead-bench-'))
const log = await openOperationLog({
  file: join(folder, 'operations.jsonl'),
  clock: systemClock,
  log: silentLog,
})
try {
  const parsed = texts.map(text => parse(text))
  const prepare = median(() => {
    for (const [index, document] of parsed.entries()) withoutValues(document, `Page${index}`, schema)
    return documents
  })
  const operations = parsed.map((document, index) => ({
    name: `Page${index}`,
    kind: 'query' as const,
    textWithoutValues: withoutValues(document, `Page${index}`, schema),
  }))
  const first = operations[0]
  if (first === undefined || print(parse(first.textWithoutValues)) !== first.textWithoutValues)
    throw new Error('the operations are not what is recorded')
  const record = median(() => {
    for (let index = 0; index < requests; index++) {
      const operation = operations[index % documents]
      const headers = names[index % clients]
      // The indexes are within both arrays.
      if (operation !== undefined && headers !== undefined) log.record(operation, clientNameOf(headers))
    }
    return requests
  })
  console.log(
    `CPU µs, median of ${rounds} rounds, ${documents} operations of ${clients} clients, Node ${process.version}`,
  )
  console.log(`${prepare.toFixed(2).padStart(8)}  a document, once for each in the document cache`)
  console.log(`${record.toFixed(3).padStart(8)}  a request`)
  console.log(
    JSON.stringify({
      benchmark: 'recording',
      unit: 'CPU µs',
      document: round(prepare),
      request: round(record),
    }),
  )
} finally {
  await log.close()
  await rm(folder, { recursive: true, force: true })
}

/** CPU microseconds for each of what `run` says it did. */
function median(run: () => number): number {
  const times = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage()
    const count = run()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / count
  }).sort((a, b) => a - b)
  return times[Math.floor(rounds / 2)] ?? Number.NaN
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
