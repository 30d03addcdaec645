import { EnneadError } from '../../kernel/errors.ts'

/** `run`, unless the caller leaves first: then its reason, or CANCELLED. */
export function unlessAborted<T>(run: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      const reason: unknown = signal.reason
      reject(
        reason instanceof EnneadError
          ? reason
          : new EnneadError('CANCELLED', 'the caller left', { cause: reason }),
      )
    }
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave, { once: true })
    run.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
