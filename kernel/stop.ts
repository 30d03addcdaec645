/**
 * Says that a piece of work is not wanted any more, as an AbortSignal does: an AbortController with a listener costs more than all
 * else that is done to begin a call, and most calls are never stopped.
 */
export interface Stop {
  /** The same as a signal, for drivers that take one; made when it is first read. */
  readonly signal: AbortSignal
  readonly stopped: boolean
  /** Calls `run` once with the reason, at once when it is stopped already. Takes the place of whoever asked before. */
  onStopped(run: (reason: unknown) => void): void
}

/** Stops when the signal aborts. */
export function stopOf(signal: AbortSignal): Stop {
  let told: ((reason: unknown) => void) | undefined
  return {
    signal,
    get stopped() {
      return signal.aborted
    },
    onStopped(run) {
      if (signal.aborted) {
        run(signal.reason)
        return
      }
      if (told === undefined) signal.addEventListener('abort', () => told?.(signal.reason), { once: true })
      told = run
    },
  }
}
