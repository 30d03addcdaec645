/**
 * How near an operation comes to what is allowed: 0 costs nothing, 1 is at a limit. The larger of two logarithmic shares,
 * cost and fetches, because what matters is the order of magnitude: half of the cost limit is 0.94.
 */
export function complexityOf(
  cost: { readonly estimated: number; readonly limit: number },
  fetches: { readonly planned: number; readonly limit: number },
): number {
  return Math.max(share(cost.estimated, cost.limit), share(fetches.planned, fetches.limit))
}

function share(value: number, limit: number): number {
  return Math.min(1, Math.log1p(value) / Math.log1p(limit))
}
