// How long `ennead check` takes for a large graph, from its start to its end: node bench/check/main.ts
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { changes, fields, operations, writeGraph } from './graph.ts'

const rounds = 3
/** Milliseconds from start to end; above it the exit code is 1. */
const goalMs = 5_000

const folder = await mkdtemp(join(tmpdir(), 'ennead-bench-'))
const cases = new Map([
  ['by the schemas alone', []],
  [`by ${operations} operations`, ['--operations', join(folder, 'operations.jsonl')]],
])
const results: Record<string, number> = {}
try {
  await writeGraph(folder)
  console.log(
    `ms from start to end, median of ${rounds} runs, ${changes} changes among ${fields} fields, Node ${process.version}`,
  )
  for (const [name, argv] of cases) {
    const times = Array.from({ length: rounds }, () => timeMs(argv)).sort((a, b) => a - b)
    const median = Math.round(times[Math.floor(rounds / 2)] ?? Number.NaN)
    results[name] = median
    console.log(
      `${String(median).padStart(8)}  ${name}   goal ${goalMs}: ${median <= goalMs ? 'met' : 'missed'}`,
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
if (!Object.values(results).every(ms => ms <= goalMs)) process.exitCode = 1
console.log(JSON.stringify({ benchmark: 'check', unit: 'ms', changes, fields, ...results }))

function timeMs(argv: readonly string[]): number {
  const [base, next] = ['base', 'next'].map(version => join(folder, version, 'supergraph.yaml'))
  const command = [
    'cli/main.ts',
    'check',
    '--config',
    next ?? '',
    '--against',
    base ?? '',
    '--format',
    'json',
  ]
  const startMs = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...argv], {
    cwd: join(import.meta.dirname, '../..'),
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  })
  const took = performance.now() - startMs
  if (status !== 1) throw new Error(`ended with ${status}: ${stderr}`)
  // The report says how many changes it has; a benchmark of something else would be none.
  const report = JSON.parse(stdout) as { readonly changes: readonly unknown[] }
  if (report.changes.length !== changes) throw new Error(`${report.changes.length} changes, not ${changes}`)
  return took
}
