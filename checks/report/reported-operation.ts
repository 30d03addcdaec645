import { requestsOf } from '../operations/recorded-operation.ts'
import type { HurtOperation } from '../verdicts/judge-changes.ts'
import type { ReportedClient, ReportedOperation } from './check-report.ts'

/** What a report says of an operation that a change hurts. `requests` are those of all operations. */
export function reportedOperation(
  { operation, level, how }: HurtOperation,
  requests: number,
): ReportedOperation {
  const { id, name, file, line, traffic } = operation
  const counted = traffic.length > 0
  const own = requestsOf(operation)
  const lastSeenMs = Math.max(0, ...traffic.map(each => each.lastSeenMs))
  const clients = traffic.map((each): ReportedClient => ({
    name: each.client,
    version: each.version,
    requests: each.requests,
  }))
  return {
    id,
    name,
    file,
    line,
    level,
    how,
    requests: counted ? own : undefined,
    sharePercent: counted ? shareOf(own, requests) : undefined,
    lastSeen: counted ? new Date(lastSeenMs).toISOString() : undefined,
    clients: clients.sort((a, b) => b.requests - a.requests),
  }
}

/**
 * Percent with two digits behind the point; undefined where nothing was counted. Never 0 of something, nor 100 of less than
 * all: somebody decides by it whether anybody is hurt.
 */
export function shareOf(part: number, whole: number): number | undefined {
  if (whole === 0) return undefined
  const share = (part / whole) * 100
  const rounded = Math.round(share * 100) / 100
  if (rounded === 0) return share
  return part < whole ? Math.min(rounded, 99.99) : rounded
}
