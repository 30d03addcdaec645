import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
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

/** How often Node looks at an event loop that is busy, milliseconds; its own smallest useful step. */
const resolutionMs = 10
/**
 * Share of the time since the last call from which the event loop counts as busy. Below it nothing waits for long, and a process
 * that has nothing to do would be woken a hundred times a second to learn that.
 */
const busyShare = 0.25

/** Sources that must be let go of. */
export interface OwnSources extends Pick<LoadSources, 'eventLoopMs' | 'heapShare'> {
  close(): void
}

/**
 * Quiet: it has little to do, and only how late each call is says how late it is. Busy: looked at closely; totals are those of the
 * last call.
 */
type EventLoop =
  | { readonly kind: 'quiet' }
  | {
      readonly kind: 'busy'
      readonly delays: ReturnType<typeof monitorEventLoopDelay>
      readonly count: number
      readonly sumMs: number
    }

/** What this process knows of itself. @param everyMs How often the event loop is asked for, milliseconds. */
export function ownSources(everyMs: number): OwnSources {
  let loop: EventLoop = { kind: 'quiet' }
  let utilization = performance.eventLoopUtilization()
  let askedAt = performance.now()
  const quieten = (): void => {
    if (loop.kind === 'busy') loop.delays.disable()
    loop = { kind: 'quiet' }
  }
  /** Of all looks since the last call. Undefined: there was none. */
  const late = ({ delays, count, sumMs }: EventLoop & { readonly kind: 'busy' }): number | undefined => {
    // The difference of two totals: a reset would drop the very interval in which the loop stood still.
    const total = { count: delays.count, sumMs: delays.count === 0 ? 0 : (delays.mean / 1e6) * delays.count }
    loop = { kind: 'busy', delays, ...total }
    const ticks = total.count - count
    // Node tells the time between two looks, which is never shorter than the time it waits.
    return ticks > 0 ? Math.max(0, (total.sumMs - sumMs) / ticks - resolutionMs) : undefined
  }
  return {
    eventLoopMs() {
      const [before, since] = [utilization, askedAt]
      utilization = performance.eventLoopUtilization()
      askedAt = performance.now()
      const busy = performance.eventLoopUtilization(utilization, before).utilization >= busyShare
      if (loop.kind === 'busy') {
        const lateMs = late(loop)
        if (!busy) quieten()
        return lateMs
      }
      if (busy) {
        // A new one each time: one that goes on would count the time in which nobody looked.
        const delays = monitorEventLoopDelay({ resolution: resolutionMs })
        delays.enable()
        loop = { kind: 'busy', delays, count: 0, sumMs: 0 }
      }
      return Math.max(0, askedAt - since - everyMs)
    },
    heapShare() {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
      return used / limit
    },
    close: quieten,
  }
}
