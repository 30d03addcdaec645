import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'

/** The end of one execution's time, and the caller's leaving. Close it when the execution ends. */
export interface Deadline {
  readonly signal: AbortSignal
  remainingMs(): number
  /** What `work` resolves to; rejects as soon as the time is up or the caller has left, without waiting for it. */
  within<T>(work: Promise<T>): Promise<T>
  close(): void
}

/** A deadline `remainingMs` from now (Infinity: none) that also ends when `outer` aborts. */
export function startDeadline(clock: Clock, remainingMs: number, outer: AbortSignal): Deadline {
  const controller = new AbortController()
  const endsAt = clock.now() + remainingMs
  const leave = (): void => controller.abort(reasonOf(outer))
  const expire = (): void =>
    controller.abort(new EnneadError('DEADLINE_EXCEEDED', 'the time for this request was used up'))
  // Longer than setTimeout can wait is as good as forever.
  const timer = remainingMs > 0x7fffffff ? undefined : clock.after(Math.max(0, remainingMs), expire)
  if (outer.aborted) leave()
  else if (remainingMs <= 0) expire()
  outer.addEventListener('abort', leave, { once: true })
  return {
    signal: controller.signal,
    remainingMs: () => Math.max(0, endsAt - clock.now()),
    within: work => settleOrAbort(work, controller.signal),
    close() {
      timer?.cancel()
      outer.removeEventListener('abort', leave)
    },
  }
}

/** What to tell: the time around this one may have ended first, which is not the caller's leaving. */
function reasonOf({ reason }: AbortSignal): EnneadError {
  return reason instanceof EnneadError && reason.code === 'DEADLINE_EXCEEDED'
    ? reason
    : new EnneadError('CANCELLED', 'the caller left before the answer')
}

function settleOrAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
