import { whenAborted } from './when-aborted.ts'

/** The promise's outcome, or the signal's reason when that aborts first. Never leaves an unhandled rejection. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    const forget = signal.aborted ? leave : whenAborted(signal, leave)
    promise.then(
      value => {
        forget()
        resolve(value)
      },
      (failure: unknown) => {
        forget()
        reject(failure)
      },
    )
    if (signal.aborted) leave()
  })
}
