/**
 * Work that answers for many at once: one run at a time. Who asks while one is under way gets the next one, which begins
 * after it was asked for, together with all others who ask meanwhile.
 */
export function sharedWork<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined = undefined
  let next: Promise<T> | undefined = undefined

  const begin = (): Promise<T> => {
    next = undefined
    const run = work()
    running = run
    const over = (): void => {
      if (running === run) running = undefined
    }
    run.then(over, over)
    return run
  }
  return () => {
    if (running === undefined) return begin()
    return (next ??= running.then(begin, begin))
  }
}
