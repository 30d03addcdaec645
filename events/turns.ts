/** Lets at most `runningMax` run at once; the others wait in order and leave the line when their signal aborts. */
export class Turns {
  readonly #runningMax: number
  readonly #line: Set<() => void> = new Set()
  #running = 0

  constructor(runningMax: number) {
    this.#runningMax = runningMax
  }

  /** Runs in its turn. Rejects with the signal's reason when it aborts before. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(signal)
    try {
      return await work()
    } finally {
      this.#running -= 1
      this.#line.values().next().value?.()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#running < this.#runningMax) {
      this.#running += 1
      return Promise.resolve()
    }
    return new Promise((go, leave) => {
      const left = (): void => {
        this.#line.delete(begin)
        leave(signal.reason)
      }
      const begin = (): void => {
        this.#line.delete(begin)
        signal.removeEventListener('abort', left)
        this.#running += 1
        go()
      }
      this.#line.add(begin)
      signal.addEventListener('abort', left, { once: true })
    })
  }
}
