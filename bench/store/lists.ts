// How long lists and searches take in PostgreSQL with 1,000,000 tasks: node bench/store/lists.ts [FOLDER] [TASKS]
// A FOLDER is kept, so that the tasks, which take a quarter of an hour to write, need be written once only.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { silentLog } from '../../kernel/log.ts'
import { startEmbeddedPostgres } from '../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { ListStatements } from '../../subgraphs/db/agents/sql/read-records.ts'
import { openSqlStore } from '../../subgraphs/db/agents/sql/sql-store.ts'
import type { RecordQuery } from '../../subgraphs/db/task-store.ts'
import { fromTheMiddle, type ListCase, listCases, orders, searchCases } from './list-cases.ts'
import { writeTasks } from './many-tasks.ts'

const [kept, count = '1000000'] = process.argv.slice(2)
const turns = 12
const goalMs = 20

const folder = kept ?? (await mkdtemp(join(tmpdir(), 'ennead-bench-')))
const server = await startEmbeddedPostgres({ directory: folder, log: silentLog })
const { socketDirectory: directory, user, database } = server
const store = await openSqlStore({
  connection: { kind: 'socket', directory, user, database },
  log: silentLog,
})
const sql = postgres({
  path: `${directory}/.s.PGSQL.5432`,
  user,
  database,
  max: 1,
  connection: { search_path: 'ennead' },
})
try {
  const [row] = await sql`select count(*)::int as rows from records`
  if (row?.['rows'] === 0) {
    await writeTasks(sql, Number(count), rows => process.stderr.write(`\r${rows} tasks`))
    await sql.unsafe('vacuum analyze records')
  }
  const results: Record<string, { readonly p50: number; readonly p99: number }> = {}
  console.log(`ms in the store, ${turns} times for each order of each list, Node ${process.version}`)
  console.log('     p50      p99')
  for (const one of [...listCases, ...searchCases]) await measureCase(one, results)
  const worst = Object.entries(results).filter(([, { p99 }]) => p99 > goalMs)
  console.log(
    `${Object.keys(results).length - worst.length} of ${Object.keys(results).length} lists keep p99 under ${goalMs} ms`,
  )
  console.log(JSON.stringify({ benchmark: 'lists', unit: 'ms', tasks: Number(count), ...results }))
} finally {
  await sql.end()
  await store.close()
  await server.stop()
  if (kept === undefined) await rm(folder, { recursive: true, force: true })
}

async function measureCase(
  one: ListCase,
  results: Record<string, { readonly p50: number; readonly p99: number }>,
) {
  const isSearch = searchCases.includes(one)
  const times: number[] = []
  const plans = new Set<string>()
  for (const order of isSearch ? orders.slice(3, 4) : orders) {
    for (let turn = 0; turn < turns; turn++) {
      const asked = one.query(turn, order)
      times.push(await timeMs(asked))
      if (!isSearch && turn % 4 === 0) times.push(await timeMs(fromTheMiddle(asked)))
      if (turn === 0) plans.add(await indexesOf(asked))
    }
  }
  times.sort((a, b) => a - b)
  const at = (share: number): number => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(1))
  const result = { p50: at(0.5), p99: at(0.99) }
  results[one.name] = result
  const shown = [result.p50, result.p99].map(ms => ms.toFixed(1).padStart(8)).join(' ')
  console.log(`${shown}  ${one.name.padEnd(36)} ${[...plans].sort().join(', ')}`)
}

async function timeMs(query: RecordQuery): Promise<number> {
  const startMs = performance.now()
  await store.operations.query?.(query, {
    signal: new AbortController().signal,
    remainingMs: 60_000,
    number: 1,
  })
  return performance.now() - startMs
}

/** The indexes that the plan of a list uses. */
async function indexesOf(query: RecordQuery): Promise<string> {
  const { text, values } = new ListStatements().list(query)
  const plan = await sql.unsafe(`explain ${text}`, [...values])
  const named = plan.flatMap(row => /(?:Scan on|using) (task_\w+)/.exec(String(row['QUERY PLAN']))?.[1] ?? [])
  return [...new Set(named)].join('+')
}
