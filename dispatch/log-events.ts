import { unreachable } from '../kernel/errors.ts'
import type { Log } from '../kernel/log.ts'
import type { DispatchEvent } from './events.ts'

/**
 * An observer that writes a line for everything an operator should hear of: `warn` for breakers that open, stalls of
 * the event loop and agents that disagree, `info` for breakers that close, `debug` for what each call does.
 */
export function logEvents(log: Log): (event: DispatchEvent) => void {
  return event => {
    const { is, ...facts } = event
    const line = `dispatch.${is}`
    switch (is) {
      case 'opened':
      case 'stalled':
      case 'disagreed':
        log.warn(line, facts)
        return
      case 'closed':
        log.info(line, facts)
        return
      case 'attemptStarted':
      case 'attemptEnded':
      case 'late':
      case 'probed':
      case 'shed':
      case 'callEnded':
        log.debug(line, facts)
        return
      default:
        unreachable(is)
    }
  }
}
