import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { GraphEvent } from './graph-worker.ts'
import { readRunOptions } from './run-options.ts'
import type { RunOptions } from './run-options.ts'
import { progressLine, summaryOf } from './summary.ts'
import { addTally, noTally } from './tally.ts'
import type { Tally } from './tally.ts'

// Compares the gateway with one schema on random graphs: npm run fuzz -- --minutes 5 --seed 1, or --cases 20000
// --planner rust --tier compiled. Without these, every case is asked in all ways: plans of each planner, run by each tier.
// --faults 10 goes on until so many are found, --uncut tells them as they are and saves none. A graph is tried to its end, so
// that there may be some cases more.

/** Between two lines of progress where nobody watches, in milliseconds. */
const lineMs = 10_000
/** Between two looks of the bar on a terminal, in milliseconds. */
const barMs = 200

const options = readOptions()
const args = process.argv.slice(2)
const start = performance.now()
const seconds = (): number => (performance.now() - start) / 1_000
const tallies = new Map<ChildProcess, Tally>()
let nextSeed = options.seed

const live = process.stderr.isTTY
const progress = setInterval(
  () => process.stderr.write(live ? `\r\x1b[2K${line()}` : `${line()}\n`),
  live ? barMs : lineMs,
)
await Promise.all(Array.from({ length: options.processes }, () => tryGraphs()))
clearInterval(progress)
if (live) process.stderr.write('\r\x1b[2K')
process.stdout.write(`${summaryOf(whole(), options, nextSeed - 1, seconds())}\n`)
if (whole().faults > 0) process.exitCode = 1

/** One process that takes graphs until there are enough. Rejects when it ends on its own. */
async function tryGraphs(): Promise<void> {
  const child = fork(join(import.meta.dirname, 'graph-worker.ts'), args, { execArgv: ['--no-warnings'] })
  tallies.set(child, noTally())
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let seed = nextSeed
  const next = (): void => {
    if (enough()) {
      child.disconnect()
      resolve()
      return
    }
    seed = nextSeed++
    child.send(seed)
  }
  child.on('message', (event: GraphEvent) => {
    if (event.kind === 'found') {
      process.stdout.write(`${event.text}\n`)
      return
    }
    tallies.set(child, event.tally)
    next()
  })
  child.on('exit', (code, signal) => reject(new Error(`seed ${seed} ended the process: ${signal ?? code}`)))
  next()
  await promise
}

function enough(): boolean {
  const { cases, faults } = whole()
  return cases >= options.casesMax || faults >= options.faultsMax || seconds() >= options.minutes * 60
}

function whole(): Tally {
  const sum = noTally()
  for (const each of tallies.values()) addTally(sum, each)
  return sum
}

function line(): string {
  return progressLine(whole(), options, seconds())
}

function readOptions(): RunOptions {
  try {
    return readRunOptions(process.argv.slice(2))
  } catch (failure) {
    process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`)
    return process.exit(2)
  }
}
