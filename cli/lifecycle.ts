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
      const startedAt = performance.now()
      try {
        await part.close()
        this.#log.debug('lifecycle.closed', {
          part: part.name,
          ms: Math.round(performance.now() - startedAt),
        })
      } catch (failure) {
        this.#log.warn('lifecycle.close_failed', { part: part.name, failure })
      }
    }
  }
}

/** One Ctrl-C can arrive twice: from the terminal, and handed on by npm. Only a later one is a second wish. */
const sameWishMs = 500

/** Resolves at the first SIGINT or SIGTERM; a later one ends the process at once. */
export function stopAsked(): Promise<void> {
  return new Promise(resolve => {
    let askedAt: number | undefined
    const onSignal = (): void => {
      const now = performance.now()
      askedAt ??= now
      if (now - askedAt > sameWishMs) process.exit(130)
      resolve()
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
