import { cpus } from 'node:os'
import { prepareQuestions } from './board.ts'
import { type Cascade, measureCallerErrors, measureCascades } from './cascade.ts'
import { type Cell, measureTable } from './cells.ts'
import { openClient } from './client.ts'
import { type Recovery, measureRecoveries } from './recovery.ts'
import { measureReconnection, type Reconnection } from './reconnect.ts'
import { startSystem } from './running-system.ts'
import { type Scenario, measureScenarios } from './scenarios.ts'

export interface ExperimentOptions {
  /** Requests of each cell of the table. */
  readonly count: number
  /** Requests before each cell that do not count. */
  readonly warmUpCount: number
  /** Requests a second. */
  readonly rate: number
  readonly errorRates: readonly number[]
  readonly seed: number
  /** Requests that are wrong by themselves, after the table. */
  readonly callerErrorCount: number
  /** Recovery trials of each agent and kind; a sixth as many, at least one, of domains and total outages. */
  readonly trials: number
  /** Requests for each domain that fails whole. 0: leave this out. */
  readonly cascadeCount: number
  /** Milliseconds of each part of a scenario. 0: leave them out. */
  readonly scenarioMs: number
  /** Flags for the Ennead of the experiment. */
  readonly flags: readonly string[]
  /** Is told a line whenever something has been measured. */
  readonly progress: (line: string) => void
}

export interface CallerErrors {
  readonly count: number
  readonly good: number
  readonly opened: number
}

/** Everything that was measured. */
export interface Findings {
  readonly machine: string
  readonly options: Omit<ExperimentOptions, 'progress'>
  readonly cells: readonly Cell[]
  readonly recoveries: readonly Recovery[]
  readonly callerErrors: CallerErrors
  readonly cascades: readonly Cascade[]
  readonly scenarios: readonly Scenario[]
  /** Undefined: left out. */
  readonly reconnection: Reconnection | undefined
  readonly tookSeconds: number
}

const utilisation = 0.85
/** While auth fails, the gateway must remember who asked before. Milliseconds. */
const rememberMs = 600_000

/** Runs all of it on an Ennead of its own: a gateway over HTTP, three subgraphs, their agents, embedded stores. */
export async function runExperiment(options: ExperimentOptions): Promise<Findings> {
  const { progress: _, ...settings } = options
  const startedAt = performance.now()
  const measured = await measureAlone(options)
  const beside = await measureBeside(options)
  const { model = 'unknown processor' } = cpus()[0] ?? {}
  return {
    machine: `${cpus().length} × ${model.trim()}, Node ${process.version}`,
    options: settings,
    ...measured,
    ...beside,
    tookSeconds: Math.round((performance.now() - startedAt) / 1_000),
  }
}

/** Every request asks auth who it is: a domain that is remembered instead of asked would not be measured. */
async function measureAlone(
  options: ExperimentOptions,
): Promise<Pick<Findings, 'cells' | 'recoveries' | 'callerErrors'>> {
  const { progress, rate, trials, callerErrorCount } = options
  await using system = await startSystem(['--identity-life-ms', '0', ...options.flags])
  const questions = await prepareQuestions(system)
  await using client = await openClient(system)
  const cells = await measureTable(system, client, questions, options, cell => {
    const { arm, e, measured, model, codes } = cell
    const failed = Object.entries(codes).map(([code, times]) => `, ${times} ${code}`)
    progress(
      `${arm} at e = ${e}: measured ${measured.toFixed(5)}, model ${model.toFixed(5)}${failed.join('')}`,
    )
  })
  await client.renew()
  const wrong = await measureCallerErrors(system, client, callerErrorCount, rate)
  progress(`${wrong.count} caller errors opened ${wrong.opened} breakers`)
  if (trials === 0) return { cells, recoveries: [], callerErrors: wrong }
  const few = Math.max(1, Math.floor(trials / 6))
  const plan = { agentTrials: trials, domainTrials: few, outageTrials: few, rate }
  const recoveries = await measureRecoveries(system, client, questions, plan)
  for (const { what, p99Ms } of recoveries) progress(`${what}: p99 ${p99Ms.toFixed(0)} ms`)
  return { cells, recoveries, callerErrors: wrong }
}

async function measureBeside({
  progress,
  flags,
  rate,
  cascadeCount,
  scenarioMs,
}: ExperimentOptions): Promise<Pick<Findings, 'cascades' | 'scenarios' | 'reconnection'>> {
  if (cascadeCount === 0 && scenarioMs === 0) {
    return { cascades: [], scenarios: [], reconnection: undefined }
  }
  await using system = await startSystem(['--identity-life-ms', String(rememberMs), ...flags])
  const questions = await prepareQuestions(system)
  await using client = await openClient(system)
  const cascades =
    cascadeCount === 0 ? [] : await measureCascades(system, client, questions, cascadeCount, rate)
  for (const { domain, failed, count } of cascades) {
    progress(`${domain} hangs: ${failed} of ${count} requests that do not need it failed`)
  }
  const scenarios =
    scenarioMs === 0
      ? []
      : await measureScenarios(system, client, questions, { partMs: scenarioMs, utilisation })
  for (const { what, during } of scenarios) {
    progress(`${what}: ${(during.goodShare * 100).toFixed(2)} % good, p99 ${during.p99Ms.toFixed(0)} ms`)
  }
  await client.renew()
  const reconnection =
    scenarioMs === 0 ? undefined : await measureReconnection(system, client, questions, rate)
  if (reconnection !== undefined) {
    const { complete, subscribers, lastMs } = reconnection
    progress(
      `${complete} of ${subscribers} subscribers came back complete, the last in ${lastMs.toFixed(0)} ms`,
    )
  }
  return { cascades, scenarios, reconnection }
}
