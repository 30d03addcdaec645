import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'

/** What the gauges read. Undefined: nothing to tell since the last time. */
export interface LoadSources {
  /** How late the event loop was on average since the last call. Milliseconds. */
  eventLoopMs(): number | undefined
  /** Share of V8's heap limit that is in use, 0 to 1. */
  heapShare(): number | undefined
  /** Cascade risk: how full the agents of the fullest domain would be if one of them died now. */
  risk(): number | undefined
}

/** How often Node looks at the event loop, milliseconds; its own smallest useful step. */
const resolutionMs = 10

/** Sources that must be let go of. */
export interface OwnSources extends Pick<LoadSources, 'eventLoopMs' | 'heapShare'> {
  close(): void
}

/** What this process knows of itself. */
export function ownSources(): OwnSources {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  let seen = { count: 0, sumMs: 0 }
  return {
    eventLoopMs() {
      // The difference of two totals: a reset would drop the very interval in which the loop stood still.
      const count = delays.count
      const sumMs = count === 0 ? 0 : (delays.mean / 1e6) * count
      const [ticks, passedMs] = [count - seen.count, sumMs - seen.sumMs]
      seen = { count, sumMs }
      // Node tells the time between two looks, which is never shorter than the time it waits.
      return ticks > 0 ? Math.max(0, passedMs / ticks - resolutionMs) : undefined
    },
    heapShare() {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
      return used / limit
    },
    close: () => void delays.disable(),
  }
}
