import type { Cell } from './cells.ts'
import type { Findings } from './experiment.ts'
import type { Recovery } from './recovery.ts'

/** A promise and whether the findings keep it. */
export interface Verdict {
  readonly promise: string
  readonly found: string
  readonly kept: boolean
}

const availabilityMin = 0.995
const p99MsMax = 100
const amplificationMax = 1.5
const outsideMax = 0.1
const cascadeMax = 0.001
const agentMsMax = 100
const domainMsMax = 500
const outageMsMax = 2_000

/** What is promised about reliability, held against what was found; parts that were left out are not judged. */
export function judge(findings: Findings): readonly Verdict[] {
  return [
    ...findings.cells.filter(({ e, arm }) => e === 0.15 && isArmPromised(arm)).flatMap(judgeCell),
    ...judgeCells(findings.cells),
    ...findings.recoveries.map(judgeRecovery),
    ...findings.cascades.map(({ domain, failed, count, interval }) => ({
      promise: `with ${domain} down, less than ${percent(cascadeMax)} of the requests that do not need it fail`,
      found: `${failed} of ${count}, at most ${percent(interval[1])}`,
      kept: interval[1] < cascadeMax,
    })),
    {
      promise: `${findings.callerErrors.count} caller errors open nothing`,
      found: `${findings.callerErrors.opened} opened`,
      kept: findings.callerErrors.opened === 0,
    },
  ]
}

/** A vote needs twice the attempts by its nature; it is measured to be known, not promised. */
function isArmPromised(arm: Cell['arm']): boolean {
  return arm === 'failover' || arm === 'hedge'
}

function judgeCell({ arm, interval, p99Ms, amplification }: Cell): readonly Verdict[] {
  const where = `${arm} at 15 % failing attempts`
  return [
    {
      promise: `${where}: availability at least ${percent(availabilityMin)}`,
      found: `at least ${percent(interval[0])}`,
      kept: interval[0] >= availabilityMin,
    },
    {
      promise: `${where}: p99 below ${p99MsMax} ms`,
      found: `${p99Ms.toFixed(1)} ms`,
      kept: p99Ms < p99MsMax,
    },
    {
      promise: `${where}: fewer than ${amplificationMax} attempts a call`,
      found: amplification.toFixed(3),
      kept: amplification < amplificationMax,
    },
  ]
}

function judgeCells(cells: readonly Cell[]): readonly Verdict[] {
  const faultless = cells.filter(({ e }) => e === 0)
  const lost = faultless.reduce((sum, { count, good }) => sum + count - good, 0)
  const outside = cells.filter(({ containsModel }) => !containsModel).length
  // One interval of twenty misses the truth by its nature.
  const allowed = Math.max(1, Math.floor(cells.length * outsideMax))
  const once = cells.filter(({ calledOnce }) => calledOnce).length
  return [
    { promise: 'without faults nothing fails', found: `${lost} failed`, kept: lost === 0 },
    {
      promise: `the model lies in the interval of all cells but ${allowed}`,
      found: `in ${cells.length - outside} of ${cells.length}`,
      kept: outside <= allowed,
    },
    {
      promise: 'each request calls each domain once, so that the model is of what is measured',
      found: `in ${once} of ${cells.length} cells`,
      kept: once === cells.length,
    },
  ]
}

function judgeRecovery({ what, subject, p99Ms, timesMs }: Recovery): Verdict {
  const max = { agent: agentMsMax, domain: domainMsMax, everything: outageMsMax }[subject]
  return {
    promise: `${what}: below ${max} ms`,
    found: `p99 ${p99Ms.toFixed(0)} ms of ${timesMs.length}`,
    kept: p99Ms < max,
  }
}

/** A share as a percentage, with as many digits as it needs to be told from 0 and 100 %. */
export function percent(share: number): string {
  const value = share * 100
  const digits = value > 99 || value < 1 ? 3 : 2
  return `${value === 0 || value === 100 ? value : value.toFixed(digits)} %`
}
