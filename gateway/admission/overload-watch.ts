import type { Clock, Timer } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { AdmissionLimits } from './admission-limits.ts'
import { Gauge } from './gauge.ts'
import type { LoadSources } from './load-sources.ts'

export type GaugeName = 'eventLoop' | 'heap' | 'risk'

/**
 * What the gateway takes: everything · all but what is sheddable · only what is critical (essential services).
 * `because` are the gauges that are at this level; `since` is a wall clock's time.
 */
export type OverloadState =
  | { readonly mode: 'normal' }
  | {
      readonly mode: 'shedding' | 'essential'
      readonly because: readonly GaugeName[]
      readonly since: string
    }

interface Watched {
  readonly name: GaugeName
  readonly gauge: Gauge
  readonly read: () => number | undefined
}

const normal: OverloadState = { mode: 'normal' }

/** Looks at the gauges every `gaugeEveryMs` and says what may pass. Logs once for every change of mode. */
export class OverloadWatch {
  readonly #everyMs: number
  readonly #clock: Clock
  readonly #log: Log
  readonly #watched: readonly Watched[]
  readonly #changed: (state: OverloadState) => void
  readonly #broken = new Set<GaugeName>()
  #state: OverloadState = normal
  #timer: Timer | undefined

  /** @param changed Is told every change of mode. */
  constructor(
    limits: AdmissionLimits,
    sources: LoadSources,
    { clock, log }: { readonly clock: Clock; readonly log: Log },
    changed: (state: OverloadState) => void,
  ) {
    const { gaugeWeight: weight, gaugeReleaseShare: releaseShare, gaugeHoldMs: holdMs } = limits
    const gauge = (highAt: number, extremeAt: number): Gauge =>
      new Gauge({ highAt, extremeAt, weight, releaseShare, holdMs })
    this.#everyMs = limits.gaugeEveryMs
    this.#clock = clock
    this.#log = log
    this.#changed = changed
    this.#watched = [
      {
        name: 'eventLoop',
        gauge: gauge(limits.eventLoopShedMs, limits.eventLoopEssentialMs),
        read: () => sources.eventLoopMs(),
      },
      {
        name: 'heap',
        gauge: gauge(limits.heapShedShare, limits.heapEssentialShare),
        read: () => sources.heapShare(),
      },
      { name: 'risk', gauge: gauge(limits.riskShed, limits.riskEssential), read: () => sources.risk() },
    ]
    this.#again()
  }

  get state(): OverloadState {
    return this.#state
  }

  /** The gauges' moving averages, rounded. */
  get values(): Readonly<Record<GaugeName, number>> {
    const value = (name: GaugeName): number => {
      const average = this.#watched.find(watched => watched.name === name)?.gauge.value ?? 0
      return Math.round(average * 1_000) / 1_000
    }
    return { eventLoop: value('eventLoop'), heap: value('heap'), risk: value('risk') }
  }

  close(): void {
    this.#timer?.cancel()
  }

  #again(): void {
    this.#timer = this.#clock.after(this.#everyMs, () => {
      this.#look()
      this.#again()
    })
  }

  #look(): void {
    const now = this.#clock.now()
    for (const watched of this.#watched) watched.gauge.update(this.#read(watched), now)
    const extreme = this.#at('extreme')
    const pressed = extreme.length > 0 ? extreme : this.#at('high')
    const mode = extreme.length > 0 ? 'essential' : pressed.length > 0 ? 'shedding' : 'normal'
    if (mode === this.#state.mode) return
    const from = this.#state.mode
    const since = new Date(this.#clock.wall()).toISOString()
    this.#state = mode === 'normal' ? normal : { mode, because: pressed, since }
    const facts = { from, to: mode, because: pressed, ...this.values }
    if (mode === 'normal') this.#log.info('admission.mode', facts)
    else this.#log.warn('admission.mode', facts)
    this.#changed(this.#state)
  }

  #at(level: 'high' | 'extreme'): readonly GaugeName[] {
    return this.#watched.filter(({ gauge }) => gauge.level === level).map(({ name }) => name)
  }

  /** A source that fails counts as calm: not knowing must not refuse anybody. Logged once. */
  #read({ name, read }: Watched): number | undefined {
    try {
      return read()
    } catch (failure) {
      if (!this.#broken.has(name)) this.#log.error('admission.gauge-failed', { gauge: name, failure })
      this.#broken.add(name)
      return 0
    }
  }
}
