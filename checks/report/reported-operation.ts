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

/** Percent with two digits behind the point; undefined where nothing was counted. */
export function shareOf(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : Math.round((part / whole) * 10_000) / 100
}
