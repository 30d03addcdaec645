import type { Dispatcher } from '../../dispatch/port.ts'
import type { EventLog } from '../../events/event-log.ts'
import { formatPosition } from '../../events/position.ts'
import type { TaskChannel } from './task-channel.ts'
import { type TaskEvent, type TaskEventNarrow, positionOf, taskEvent } from './task-event.ts'

/** What a read of the log gets beyond the time it waits on purpose. Milliseconds. */
const marginMs = 1_000
/** So many ways may hang before a read fails. */
const waysMax = 3

/** db's change log, read by whichever way is open. */
export function changeLog(channel: Dispatcher<TaskChannel>): EventLog<TaskEvent, TaskEventNarrow> {
  return {
    async read({ after, first, waitMs, narrow }, signal) {
      const attemptMs = waitMs + marginMs
      const options = { signal, attemptMs, timeoutMs: attemptMs * waysMax }
      const what = { ...narrow, after: after === undefined ? undefined : formatPosition(after), first }
      // Older pages are asked of ways that have them: asking the stream first would cost a retry each time.
      const page =
        after !== undefined && waitMs === 0
          ? await channel.call('history', what, options)
          : await channel.call('changes', { ...what, waitMs }, options)
      return { entries: page.entries.flatMap(entry => taskEvent(entry) ?? []), next: positionOf(page.next) }
    },
  }
}
