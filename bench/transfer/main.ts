// How long `ennead import` takes for 10,000 tasks into the embedded stores, from start to end: node bench/transfer/main.ts
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exampleExport } from './example-export.ts'

const tasks = 10_000
/** Milliseconds for the import; above it the exit code is 1. */
const goalMs = 30_000

const folder = await mkdtemp(join(tmpdir(), 'ennead-bench-'))
try {
  const input = join(folder, 'backup.ndjson')
  await writeFile(input, exampleExport(tasks))
  const data = join(folder, 'data')
  console.log(`ms from start to end, ${tasks} tasks, embedded stores, Node ${process.version}`)
  const importMs = run('import into a new data folder', ['import', '--data', data, '--input', input], goalMs)
  const againMs = run('import once more: all there', ['import', '--data', data, '--input', input], undefined)
  const exportMs = run(
    'export',
    ['export', '--data', data, '--output', join(folder, 'back.ndjson')],
    undefined,
  )
  const bytes = (await stat(input)).size
  if (importMs > goalMs) process.exitCode = 1
  console.log(
    JSON.stringify({ benchmark: 'transfer', unit: 'ms', tasks, bytes, importMs, againMs, exportMs }),
  )
} finally {
  await rm(folder, { recursive: true, force: true })
}

function run(name: string, argv: readonly string[], goal: number | undefined): number {
  const startMs = performance.now()
  const { status, stderr } = spawnSync(process.execPath, ['cli/main.ts', ...argv], {
    cwd: join(import.meta.dirname, '../..'),
    encoding: 'utf8',
  })
  const took = Math.round(performance.now() - startMs)
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
  const judged = goal === undefined ? '' : `   goal ${goal}: ${took <= goal ? 'met' : 'missed'}`
  console.log(`${String(took).padStart(8)}  ${name}${judged}`)
  return took
}
