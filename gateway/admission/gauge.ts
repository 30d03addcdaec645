/** How bad it is: `high` refuses what is sheddable, `extreme` everything that is not critical. */
export type Level = 'calm' | 'high' | 'extreme'

export interface GaugeOptions {
  /** Values from here on are high. */
  readonly highAt: number
  /** Values from here on are extreme. */
  readonly extremeAt: number
  /** Weight of the newest value in the moving average. */
  readonly weight: number
  /** A level ends below this share of its threshold, */
  readonly releaseShare: number
  /** when the average stays there for this long. Milliseconds. */
  readonly holdMs: number
}

type State =
  { readonly level: 'calm' } | { readonly level: 'high' | 'extreme'; readonly calmSince: number | undefined }

/** A moving average with two thresholds: up at once, down only after a while well below. */
export class Gauge {
  readonly #options: GaugeOptions
  #average = 0
  #state: State = { level: 'calm' }

  constructor(options: GaugeOptions) {
    this.#options = options
  }

  get level(): Level {
    return this.#state.level
  }

  /** The moving average. */
  get value(): number {
    return this.#average
  }

  /** @param value Undefined or not finite: nothing was measured. */
  update(value: number | undefined, now: number): void {
    const { extremeAt, weight, highAt } = this.#options
    if (value !== undefined && Number.isFinite(value)) {
      // One outlier must not be enough for a level that a lasting state is meant for.
      this.#average += weight * (Math.min(value, extremeAt * 2) - this.#average)
    }
    const reached: Level = this.#average >= extremeAt ? 'extreme' : this.#average >= highAt ? 'high' : 'calm'
    this.#state = this.#after(reached, now)
  }

  #after(reached: Level, now: number): State {
    const { highAt, extremeAt, releaseShare, holdMs } = this.#options
    const state = this.#state
    if (reached !== 'calm' && order.indexOf(reached) >= order.indexOf(state.level)) {
      return { level: reached, calmSince: undefined }
    }
    if (state.level === 'calm') return state
    const threshold = state.level === 'extreme' ? extremeAt : highAt
    if (this.#average >= threshold * releaseShare) return { level: state.level, calmSince: undefined }
    const calmSince = state.calmSince ?? now
    if (now - calmSince < holdMs) return { level: state.level, calmSince }
    // From extreme it goes down by one level, whose own release then counts anew.
    return state.level === 'extreme' && this.#average >= highAt * releaseShare
      ? { level: 'high', calmSince: undefined }
      : { level: 'calm' }
  }
}

const order: readonly Level[] = ['calm', 'high', 'extreme']
