// How long lists and searches take in PostgreSQL with 1,000,000 tasks: node bench/store/lists.ts [FOLDER] [TASKS]
// Beside the time stands the CPU time of PostgreSQL's processes that answered, which does not depend on what else the machine does.
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
import { cpuMsOf } from './cpu-time.ts'
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
  const results: Record<string, Result> = {}
  console.log(`ms in the store, ${turns} times for each order of each list, Node ${process.version}`)
  console.log('     p50      p99  CPU p50  CPU p99')
  for (const one of [...listCases, ...searchCases]) await measureCase(one, results)
  const all = Object.values(results)
  const quick = (of: keyof Result): number => all.filter(result => result[of] <= goalMs).length
  console.log(
    `of ${all.length} lists ${quick('p99')} keep p99 under ${goalMs} ms, ${quick('cpuP99')} of CPU time`,
  )
  console.log(JSON.stringify({ benchmark: 'lists', unit: 'ms', tasks: Number(count), ...results }))
} finally {
  await sql.end()
  await store.close()
  await server.stop()
  if (kept === undefined) await rm(folder, { recursive: true, force: true })
}

interface Result {
  readonly p50: number
  readonly p99: number
  readonly cpuP50: number
  readonly cpuP99: number
}

async function measureCase(one: ListCase, results: Record<string, Result>): Promise<void> {
  const isSearch = searchCases.includes(one)
  const times: Spent[] = []
  const plans = new Set<string>()
  for (const order of isSearch ? orders.slice(3, 4) : orders) {
    for (let turn = 0; turn < turns; turn++) {
      const asked = one.query(turn, order)
      times.push(await timeOf(asked))
      if (!isSearch && turn % 4 === 0) {
        for (const middle of fromTheMiddle(asked)) times.push(await timeOf(middle))
      }
      if (turn === 0) plans.add(await indexesOf(asked))
    }
  }
  const at = (of: keyof Spent, share: number): number => {
    const sorted = times.map(time => time[of]).sort((a, b) => a - b)
    return Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1))
  }
  const result = {
    p50: at('ms', 0.5),
    p99: at('ms', 0.99),
    cpuP50: at('cpuMs', 0.5),
    cpuP99: at('cpuMs', 0.99),
  }
  results[one.name] = result
  const shown = Object.values(result)
    .map(ms => ms.toFixed(1).padStart(8))
    .join(' ')
  console.log(`${shown}  ${one.name.padEnd(36)} ${[...plans].sort().join(', ')}`)
}

interface Spent {
  readonly ms: number
  readonly cpuMs: number
}

async function timeOf(query: RecordQuery): Promise<Spent> {
  const pids = await servers()
  const cpuStart = cpuMsOf(pids)
  const start = performance.now()
  await store.operations.query?.(query, {
    signal: new AbortController().signal,
    remainingMs: 60_000,
    number: 1,
  })
  const ms = performance.now() - start
  return { ms, cpuMs: cpuMsOf(pids) - cpuStart }
}

/** The processes of the server that answer the store. */
async function servers(): Promise<readonly number[]> {
  const rows = await sql`select pid from pg_stat_activity where application_name = 'ennead'`
  return rows.map(row => Number(row['pid']))
}

/** The indexes that the plan of a list uses. */
async function indexesOf(query: RecordQuery): Promise<string> {
  const { text, values } = new ListStatements().list(query)
  const plan = await sql.unsafe(`explain ${text}`, [...values])
  const named = plan.flatMap(row => /(?:Scan on|using) (task_\w+)/.exec(String(row['QUERY PLAN']))?.[1] ?? [])
  return [...new Set(named)].join('+')
}
