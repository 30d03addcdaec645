import { EnneadError } from '../../../kernel/errors.ts'
import type { Fence } from './lease.ts'

/** The refusal of work under a term that is over. */
export function leaseLost(place: string, { name, term }: Fence, cause?: unknown): EnneadError {
  return new EnneadError(
    'LEASE_LOST',
    `${place} refused work of term ${term} of the lease "${name}": another process has taken it over and goes on with it`,
    { cause },
  )
}
