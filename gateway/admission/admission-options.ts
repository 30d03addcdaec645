import type { Clock, Random } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { AdmissionLimits } from './admission-limits.ts'
import type { LoadSources } from './load-sources.ts'

/** How a gateway protects itself and what is behind it from too much work; the numbers are `AdmissionLimits`. */
export interface AdmissionOptions extends Partial<AdmissionLimits> {
  /**
   * Names of operations that are critical besides mutations: they pass when only essential services are left. Clients
   * choose names, so this is for clients that are trusted. At most 100. Default none.
   */
  readonly essentialOperations?: readonly string[]
  /** The cascade risk of what is behind the gateway, 0 and up; asked every `gaugeEveryMs`. Default: unknown, never a reason. */
  readonly risk?: (() => number | undefined) | undefined
  /** Where event loop and heap are read. Default: this process. */
  readonly sources?: Partial<Pick<LoadSources, 'eventLoopMs' | 'heapShare'>>
  /** Default: Math.random. */
  readonly random?: Random
}

/** What admission stands on. */
export interface AdmissionSurroundings {
  readonly clock: Clock
  readonly log: Log
}
