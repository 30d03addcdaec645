/** A call that ends when its caller leaves. */
export interface CalledFor {
  abandon(signal: AbortSignal): void
}

const watches = new WeakMap<AbortSignal, Set<CalledFor>>()

/**
 * Tells `call` when `signal` aborts, until it is taken out of the set that this answers. A signal gets one listener, however
 * many calls it is handed to: adding and removing one costs more than a call that succeeds.
 */
export function watchCaller(signal: AbortSignal, call: CalledFor): Set<CalledFor> {
  const calls = watches.get(signal) ?? watch(signal)
  calls.add(call)
  return calls
}

function watch(signal: AbortSignal): Set<CalledFor> {
  const calls = new Set<CalledFor>()
  watches.set(signal, calls)
  const left = (): void => {
    for (const call of calls) call.abandon(signal)
    calls.clear()
  }
  signal.addEventListener('abort', left, { once: true })
  return calls
}

/** Calls that wait under `signal`: none when all of them have ended. */
export function callsUnder(signal: AbortSignal): number {
  return watches.get(signal)?.size ?? 0
}
