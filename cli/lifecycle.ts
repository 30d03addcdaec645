import type { Log } from '../kernel/log.ts'

/** Things to close, in the reverse of the order in which they were opened; a failing one does not stop the others. */
export class Lifecycle {
  readonly #log: Log
  readonly #parts: { readonly name: string; readonly close: () => PromiseLike<void> | void }[] = []

  constructor(log: Log) {
    this.#log = log
  }

  add(name: string, close: () => PromiseLike<void> | void): void {
    this.#parts.push({ name, close })
  }

  async close(): Promise<void> {
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      try {
        await part.close()
      } catch (failure) {
        this.#log.warn('lifecycle.close_failed', { part: part.name, failure })
      }
    }
  }
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
export function stopAsked(): Promise<void> {
  return new Promise(resolve => {
    let asked = false
    const onSignal = (): void => {
      if (asked) process.exit(130)
      asked = true
      resolve()
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
