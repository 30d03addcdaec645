const watched = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls `run` once when `signal` aborts, which it must not have done before, unless what this answers was called. A signal gets one
 * listener, however many ask: adding and removing one costs more than what most of them guard. `run` must not throw.
 */
export function whenAborted(signal: AbortSignal, run: () => void): () => void {
  const all = watched.get(signal) ?? watch(signal)
  all.add(run)
  return () => void all.delete(run)
}

function watch(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>()
  watched.set(signal, all)
  const abort = (): void => {
    for (const run of all) run()
    all.clear()
  }
  signal.addEventListener('abort', abort, { once: true })
  return all
}
