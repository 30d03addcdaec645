import { type Consistency, placeIn, sessionToken } from '../../kernel/consistency.ts'
import type { Hop } from '../../kernel/hop.ts'

/** What is asked of db for this request. What may be of the past could not be marked in what is asked here. */
export function demandOf({ consistency }: Hop): Consistency | undefined {
  return consistency?.level === 'any' ? undefined : consistency
}

/**
 * The session's token after what db has told in this request. How far db's answers reached is not heard here, so that the
 * token is open: whoever goes on must see all there is. Undefined: the request belongs to no session.
 */
export function sessionBehind({ consistency }: Hop): string | undefined {
  if (consistency?.level !== 'session') return undefined
  const place = placeIn(consistency.session, 'db') ?? { epoch: '', seq: 0 }
  return sessionToken('db', { ...place, open: true })
}
