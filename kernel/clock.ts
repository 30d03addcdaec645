/** A pending call of `Clock.after`. */
export interface Timer {
  cancel(): void
}

/** Time as an argument, so that tests and simulations own it. */
export interface Clock {
  /** Monotonic milliseconds with fractions; only differences mean something. */
  now(): number
  /** Wall-clock milliseconds since 1970. May jump. */
  wall(): number
  /** Calls `run` once, `ms` from now. Does not keep the process alive. */
  after(ms: number, run: () => void): Timer
  /** Calls `run` once input and output already waiting have been handled. */
  soon(run: () => void): Timer
}

/** Random numbers in [0, 1), as an argument. */
export type Random = () => number

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  soon(run) {
    const immediate = setImmediate(run)
    return { cancel: () => clearImmediate(immediate) }
  },
}

/** Resolves `ms` from now; rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason)
      return
    }
    const leave = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', leave)
      resolve()
    })
    signal?.addEventListener('abort', leave, { once: true })
  })
}
