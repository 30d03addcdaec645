import { EnneadError } from '../../kernel/errors.ts'

/** The numbers that decide which operations run, wait or are refused. */
export interface AdmissionLimits {
  /** Fewest operations that may always run at once, whatever their latency. An integer >= 1. Default 16. */
  readonly concurrencyMin: number
  /** Most operations that ever run at once. An integer >= `concurrencyMin`. Default 1,000. */
  readonly concurrencyMax: number
  /** Operations that may run at once before anything was measured. Between the two. Default 64. */
  readonly concurrencyInitial: number
  /** Operations that may wait for a place. An integer >= 1. Default 1,000. */
  readonly queueMax: number
  /**
   * An operation is refused instead of waiting when its wait would probably take more than this share of the time it
   * has left: what starts late ends too late. More than 0, at most 1. Default 0.5.
   */
  readonly waitShareMax: number
  /** An operation with less than this left is not started; one that waited too long needs the tolerated latency. Milliseconds. Default 1. */
  readonly startLeftMinMs: number
  /** How long refused callers are asked to stay away; half to one and a half of it. Milliseconds. Default 2,000. */
  readonly retryAfterMs: number
  /** Queries from this complexity on (OperationCost) are refused first under pressure. More than 0, at most 1. Default 0.95. */
  readonly sheddableComplexity: number

  /** Latency may rise to this many times its baseline before the limit falls. At least 1. Default 1.5. */
  readonly latencyTolerance: number
  /** Latency above its baseline that is never taken for queueing. Milliseconds, 0 or more. Default 5. */
  readonly latencyToleranceMs: number
  /** Which of the latencies in a window speaks for it. More than 0, less than 1. Default 0.5, the median. */
  readonly latencyQuantile: number
  /** Shortest window of latencies between two changes of the limit. Milliseconds. Default 100. */
  readonly windowMs: number
  /** Fewest latencies in a window. An integer >= 1. Default 20. */
  readonly windowSamplesMin: number
  /** How far one window moves the limit towards what it asks for. More than 0, at most 1. Default 0.2. */
  readonly limitSmoothing: number
  /** How often the baseline is measured anew while the gateway is busy; a random fifth more or less. Milliseconds. Default 30,000. */
  readonly baselineEveryMs: number
  /** Longest time one such measurement may hold the limit down. Milliseconds. Default 500. */
  readonly baselineMeasureMaxMs: number

  /** How often event loop, heap and risk are looked at. Milliseconds. Default 100. */
  readonly gaugeEveryMs: number
  /** Weight of the newest look in a gauge's moving average. More than 0, at most 1. Default 0.3. */
  readonly gaugeWeight: number
  /** A gauge calms down below this share of the threshold it was over. More than 0, at most 1. Default 0.8. */
  readonly gaugeReleaseShare: number
  /** And must stay there for this long. Milliseconds. Default 1,000. */
  readonly gaugeHoldMs: number
  /** Lateness of the event loop from which sheddable operations are refused. Milliseconds. Default 100. */
  readonly eventLoopShedMs: number
  /** Lateness of the event loop from which only critical operations pass. Milliseconds. Default 250. */
  readonly eventLoopEssentialMs: number
  /** Share of V8's heap limit in use from which sheddable operations are refused. Default 0.85. */
  readonly heapShedShare: number
  /** Share of V8's heap limit in use from which only critical operations pass. Default 0.95. */
  readonly heapEssentialShare: number
  /** Cascade risk (N−1 utilisation) from which sheddable operations are refused. Default 0.7. */
  readonly riskShed: number
  /** Cascade risk (N−1 utilisation) from which only critical operations pass. Default 0.9. */
  readonly riskEssential: number
  /** Shortest time between two log lines that count refusals. Milliseconds. Default 10,000. */
  readonly refusalLogEveryMs: number
}

export const admissionDefaults: AdmissionLimits = {
  concurrencyMin: 16,
  concurrencyMax: 1_000,
  concurrencyInitial: 64,
  queueMax: 1_000,
  waitShareMax: 0.5,
  startLeftMinMs: 1,
  retryAfterMs: 2_000,
  sheddableComplexity: 0.95,
  latencyTolerance: 1.5,
  latencyToleranceMs: 5,
  latencyQuantile: 0.5,
  windowMs: 100,
  windowSamplesMin: 20,
  limitSmoothing: 0.2,
  baselineEveryMs: 30_000,
  baselineMeasureMaxMs: 500,
  gaugeEveryMs: 100,
  gaugeWeight: 0.3,
  gaugeReleaseShare: 0.8,
  gaugeHoldMs: 1_000,
  eventLoopShedMs: 100,
  eventLoopEssentialMs: 250,
  heapShedShare: 0.85,
  heapEssentialShare: 0.95,
  riskShed: 0.7,
  riskEssential: 0.9,
  refusalLogEveryMs: 10_000,
}

/** Node's timers fire at once beyond this. */
const longestMs = 2 ** 31 - 1
/** Above 0, far below any share or duration that makes sense. */
const tiny = Number.MIN_VALUE

/** The limits with defaults filled in. Throws BAD_OPTION naming the field and its value. */
export function admissionLimits(given: Partial<AdmissionLimits> = {}): AdmissionLimits {
  const limits = { ...admissionDefaults, ...given }
  for (const name of ['concurrencyMin', 'concurrencyMax', 'concurrencyInitial', 'queueMax'] as const) {
    requireInteger(name, limits[name], 1, 1_000_000)
  }
  // More latencies than a window can hold would never close it.
  requireInteger('windowSamplesMin', limits.windowSamplesMin, 1, windowSamplesMax)
  requireNumber('concurrencyMax', limits.concurrencyMax, limits.concurrencyMin, 1_000_000)
  requireNumber('concurrencyInitial', limits.concurrencyInitial, limits.concurrencyMin, limits.concurrencyMax)
  for (const name of shares) requireNumber(name, limits[name], tiny, 1)
  requireNumber('latencyQuantile', limits.latencyQuantile, tiny, 1 - Number.EPSILON)
  requireNumber('latencyTolerance', limits.latencyTolerance, 1, 1_000)
  requireNumber('latencyToleranceMs', limits.latencyToleranceMs, 0, longestMs)
  for (const name of durations) requireNumber(name, limits[name], tiny, longestMs)
  requireNumber('eventLoopEssentialMs', limits.eventLoopEssentialMs, limits.eventLoopShedMs, longestMs)
  requireNumber('heapEssentialShare', limits.heapEssentialShare, limits.heapShedShare, 1)
  requireNumber('riskShed', limits.riskShed, tiny, 1_000)
  requireNumber('riskEssential', limits.riskEssential, limits.riskShed, 1_000)
  return limits
}

/** Latencies a window holds at most; the newest replace the oldest. */
export const windowSamplesMax = 256

const shares = [
  'waitShareMax',
  'sheddableComplexity',
  'limitSmoothing',
  'gaugeWeight',
  'gaugeReleaseShare',
  'heapShedShare',
] as const
const durations = [
  'startLeftMinMs',
  'retryAfterMs',
  'windowMs',
  'baselineEveryMs',
  'baselineMeasureMaxMs',
  'gaugeEveryMs',
  'gaugeHoldMs',
  'eventLoopShedMs',
  'refusalLogEveryMs',
] as const

function requireInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new EnneadError(
    'BAD_OPTION',
    `admission.${name} must be an integer from ${min} to ${max}, got ${value}`,
  )
}

function requireNumber(name: string, value: number, min: number, max: number): void {
  if (typeof value === 'number' && value >= min && value <= max) return
  const from = min === tiny ? 'more than 0 and at most' : `a number from ${min} to`
  throw new EnneadError('BAD_OPTION', `admission.${name} must be ${from} ${max}, got ${value}`)
}
