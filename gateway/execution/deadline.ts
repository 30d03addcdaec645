import { untilAborted } from '../../kernel/until-aborted.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { whenAborted } from '../../kernel/when-aborted.ts'

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
  const forget = outer.aborted ? undefined : whenAborted(outer, leave)
  if (outer.aborted) leave()
  else if (remainingMs <= 0) expire()
  return {
    signal: controller.signal,
    remainingMs: () => Math.max(0, endsAt - clock.now()),
    within: work => untilAborted(work, controller.signal),
    close() {
      timer?.cancel()
      forget?.()
    },
  }
}

/** What to tell: the time around this one may have ended first, which is not the caller's leaving. */
function reasonOf({ reason }: AbortSignal): EnneadError {
  return reason instanceof EnneadError && reason.code === 'DEADLINE_EXCEEDED'
    ? reason
    : new EnneadError('CANCELLED', 'the caller left before the answer')
}
