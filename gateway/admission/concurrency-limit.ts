import type { Random } from '../../kernel/clock.ts'
import type { AdmissionLimits } from './admission-limits.ts'
import { LatencyWindow } from './latency-window.ts'

type Phase =
  | { readonly is: 'steady'; readonly measureAt: number }
  /** The limit is held down until what runs cannot queue, then a window tells the baseline. */
  | { readonly is: 'draining'; readonly since: number }
  | { readonly is: 'measuring'; readonly since: number; readonly from: number }

/** The least that one window may leave of the limit, before smoothing. */
const gradientMin = 0.5
/** How far one window moves the baseline: where nothing could queue, and where latency was merely lower. */
const baselineWeight = { unloaded: 0.2, lower: 0.05 } as const

/**
 * How many operations may run at once, learnt from their latency: a gradient limit after Netflix's concurrency-limits
 * (Gradient2Limit) with the measured baseline of Envoy's adaptive concurrency filter.
 *
 * Once a window, the limit is multiplied by `tolerance × baseline / latency` (0.5 to 1) and gets √limit on top, so that
 * it grows while nothing queues and settles where both cancel out: latency a little above `tolerance` times the
 * baseline. A window that used less than half of the limit proves nothing and changes nothing.
 *
 * The baseline is the latency when nothing can queue. It is learnt from every window in which no more than
 * `concurrencyMin` ran; a busy gateway lowers its limit to `concurrencyMin` for one window every `baselineEveryMs`,
 * because a baseline that is merely averaged rises with the overload it should show.
 */
export class ConcurrencyLimit {
  readonly #limits: AdmissionLimits
  readonly #random: Random
  readonly #window: LatencyWindow
  #limit: number
  #baselineMs: number | undefined
  #phase: Phase

  constructor(limits: AdmissionLimits, random: Random, now: number) {
    this.#limits = limits
    this.#random = random
    this.#limit = limits.concurrencyInitial
    this.#window = new LatencyWindow(limits.windowMs, now)
    this.#phase = { is: 'steady', measureAt: this.#nextMeasurement(now) }
  }

  /** Operations that may run now; an integer from `concurrencyMin` to `concurrencyMax`. */
  get current(): number {
    return this.#phase.is === 'steady' ? Math.floor(this.#limit) : this.#limits.concurrencyMin
  }

  /** What `current` is between two measurements. */
  get settled(): number {
    return Math.floor(this.#limit)
  }

  /** Latency that is still taken for normal, milliseconds; 0 before the first window is over. */
  get allowedMs(): number {
    const { latencyTolerance, latencyToleranceMs } = this.#limits
    return this.#baselineMs === undefined ? 0 : this.#baselineMs * latencyTolerance + latencyToleranceMs
  }

  /** Latency when nothing queues, milliseconds; undefined before the first window is over. */
  get baselineMs(): number | undefined {
    return this.#baselineMs
  }

  /**
   * An operation came to its end.
   * @param running Operations that were running, with this one.
   */
  ended(startedAt: number, now: number, running: number): void {
    const phase = this.#phase
    if (phase.is === 'steady') {
      this.#window.add(now - startedAt, running)
      if (this.#window.isOver(now, this.#limits.windowSamplesMin)) this.#adjust(now)
    } else {
      this.#measure(phase, startedAt, now, running)
    }
  }

  /** An operation came to an end that tells nothing, e.g. a refusal. */
  passed(now: number): void {
    if (this.#phase.is === 'steady') return
    if (now - this.#phase.since >= this.#limits.baselineMeasureMaxMs) this.#steady(now)
  }

  #adjust(now: number): void {
    const { concurrencyMin, latencyQuantile } = this.#limits
    const latencyMs = this.#window.quantile(latencyQuantile)
    const { peak } = this.#window
    this.#window.begin(now)
    if (latencyMs === undefined) return
    const unloaded = peak <= concurrencyMin
    const known = this.#baselineMs !== undefined
    this.#learn(latencyMs, unloaded)
    if (peak * 2 >= this.#limit) this.#limit = this.#moved(latencyMs)
    if (this.#phase.is !== 'steady') return
    if (unloaded) this.#phase = { is: 'steady', measureAt: this.#nextMeasurement(now) }
    // A first baseline that was taken under load may be far too high.
    else if (!known || now >= this.#phase.measureAt) this.#phase = { is: 'draining', since: now }
  }

  #learn(latencyMs: number, unloaded: boolean): void {
    const baselineMs = this.#baselineMs ?? latencyMs
    const lower = latencyMs < baselineMs ? baselineWeight.lower : 0
    const weight = unloaded ? baselineWeight.unloaded : lower
    this.#baselineMs = baselineMs + weight * (latencyMs - baselineMs)
  }

  #moved(latencyMs: number): number {
    const { concurrencyMin, concurrencyMax, limitSmoothing } = this.#limits
    const { allowedMs } = this
    // Both can be 0 on a clock that did not move.
    const gradient = latencyMs <= allowedMs ? 1 : Math.max(gradientMin, allowedMs / latencyMs)
    const wanted = this.#limit * gradient + Math.sqrt(this.#limit)
    const moved = this.#limit + limitSmoothing * (wanted - this.#limit)
    return Math.min(concurrencyMax, Math.max(concurrencyMin, moved))
  }

  #measure(phase: Extract<Phase, { since: number }>, startedAt: number, now: number, running: number): void {
    const { concurrencyMin, baselineMeasureMaxMs, windowSamplesMin, latencyQuantile } = this.#limits
    if (phase.is === 'draining') {
      if (running <= concurrencyMin) {
        this.#phase = { is: 'measuring', since: phase.since, from: now }
        this.#window.begin(now)
      } else if (now - phase.since >= baselineMeasureMaxMs) {
        this.#steady(now)
      }
      return
    }
    // What began before still shared the servers with more than it should have.
    if (startedAt >= phase.from) this.#window.add(now - startedAt, running)
    const enough = this.#window.count >= windowSamplesMin * 2 || this.#window.isOver(now, windowSamplesMin)
    if (!enough && now - phase.since < baselineMeasureMaxMs) return
    const latencyMs = this.#window.quantile(latencyQuantile)
    if (latencyMs !== undefined && this.#window.count >= windowSamplesMin) this.#baselineMs = latencyMs
    this.#steady(now)
  }

  #steady(now: number): void {
    this.#phase = { is: 'steady', measureAt: this.#nextMeasurement(now) }
    this.#window.begin(now)
  }

  /** Gateways that were started together must not slow down together. */
  #nextMeasurement(now: number): number {
    return now + this.#limits.baselineEveryMs * (0.8 + this.#random() * 0.4)
  }
}
