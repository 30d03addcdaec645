import type { RecordedOperation, Traffic } from './recorded-operation.ts'
import { requestsOf } from './recorded-operation.ts'

/** Which recorded operations count. */
export interface OperationFilter {
  /** Leave out operations that no client has sent for so many days. 0: none are left out. */
  readonly seenWithinDays: number
  /** Leave out operations with fewer requests. */
  readonly requestsMin: number
  /** Leave out operations with a smaller share of all requests, percent. */
  readonly shareMinPercent: number
  /** Clients whose requests do not count. */
  readonly ignoredClients: readonly string[]
}

export interface SelectedOperations {
  readonly operations: readonly RecordedOperation[]
  readonly leftOut: number
}

const dayMs = 86_400_000

/** The operations a check goes by. Those whose source counts nothing always count: nobody knows that they are rare. */
export function selectOperations(
  operations: readonly RecordedOperation[],
  filter: OperationFilter,
  nowMs: number,
): SelectedOperations {
  const since = filter.seenWithinDays === 0 ? 0 : nowMs - filter.seenWithinDays * dayMs
  const counts = ({ client, lastSeenMs }: Traffic): boolean =>
    lastSeenMs >= since && !(client !== undefined && filter.ignoredClients.includes(client))
  const counted = operations.flatMap(operation => {
    if (operation.traffic.length === 0) return [operation]
    const traffic = operation.traffic.filter(counts)
    return traffic.length === 0 ? [] : [{ ...operation, traffic }]
  })
  const all = counted.reduce((sum, operation) => sum + requestsOf(operation), 0)
  const requestsMin = Math.max(filter.requestsMin, (all * filter.shareMinPercent) / 100)
  const selected = counted.filter(
    operation => operation.traffic.length === 0 || requestsOf(operation) >= requestsMin,
  )
  return { operations: selected, leftOut: operations.length - selected.length }
}
