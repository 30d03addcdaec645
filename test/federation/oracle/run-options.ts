import { parseArgs } from 'node:util'
import { availableParallelism } from 'node:os'

/** What `npm run fuzz` was asked for. */
export interface RunOptions {
  /** Longest time, in minutes. Default 1; with `cases` 600. */
  readonly minutes: number
  /** Cases after which it ends. Default: no limit. */
  readonly casesMax: number
  /** Cases with a fault after which it ends. Default 1. */
  readonly faultsMax: number
  /** The first graph. Default 1. */
  readonly seed: number
  /** Processes that try graphs. Default: one for each core. */
  readonly processes: number
  /** Undefined: plans of both. */
  readonly planner: string | undefined
  /** Undefined: both run them. */
  readonly tier: string | undefined
  /** Faults are told as they were found, and none is saved. Default false. */
  readonly uncut: boolean
}

/** Throws an Error that says what is wrong with them. */
export function readRunOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      cases: { type: 'string' },
      seed: { type: 'string', default: '1' },
      processes: { type: 'string', default: String(availableParallelism()) },
      planner: { type: 'string' },
      tier: { type: 'string' },
      faults: { type: 'string', default: '1' },
      uncut: { type: 'boolean', default: false },
    },
  })
  const { planner, tier, uncut } = values
  const minutes = Number(values.minutes ?? (values.cases === undefined ? 1 : 600))
  const casesMax = Number(values.cases ?? Number.MAX_SAFE_INTEGER)
  const faultsMax = Number(values.faults)
  const seed = Number(values.seed)
  const processes = Number(values.processes)
  if (planner !== undefined && planner !== 'apollo' && planner !== 'rust') {
    throw new Error('--planner is apollo or rust')
  }
  if (tier !== undefined && tier !== 'generic' && tier !== 'compiled') {
    throw new Error('--tier is generic or compiled')
  }
  if (!(minutes > 0) || !(casesMax > 0) || !(faultsMax > 0)) {
    throw new Error('--minutes, --cases and --faults are numbers above 0')
  }
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(processes) || processes < 1) {
    throw new Error('--seed and --processes are integers, and there is at least one process')
  }
  return { minutes, casesMax, faultsMax, seed, processes, planner, tier, uncut }
}
