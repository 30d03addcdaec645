import { expect, test } from 'vitest'
import { startDeadline } from '../../gateway/execution/deadline.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { manualClock } from '../support/manual-clock.ts'

/** With what something under a deadline ends when what is around it ends with `reason`. */
async function endedBy(reason: unknown): Promise<unknown> {
  const outer = new AbortController()
  const deadline = startDeadline(manualClock(), 1_000, outer.signal)
  const ended = deadline.within(new Promise(() => undefined)).catch((failure: unknown) => failure)
  outer.abort(reason)
  return ended
}

test('time that ends around a deadline is told as time, and a caller that leaves as a caller that leaves', async () => {
  const expired = new EnneadError('DEADLINE_EXCEEDED', 'the request was not answered within 500 ms')
  expect(await endedBy(expired)).toBe(expired)
  expect(await endedBy(undefined)).toMatchObject({ code: 'CANCELLED' })
  expect(await endedBy(new EnneadError('CANCELLED', 'the socket closed'))).toMatchObject({
    code: 'CANCELLED',
  })
})
