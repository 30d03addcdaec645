import type { DegradedPath } from '../../kernel/degradation.ts'
import type { Principal } from '../../kernel/principal.ts'

/**
 * The mark of an answer to somebody whose identity could only be believed, not looked up: everything in it stands on what
 * they were allowed to do then. Undefined: it was looked up.
 */
export function identityMark(principal: Principal | undefined, wallMs: number): DegradedPath | undefined {
  if (principal === undefined || principal.kind === 'service' || principal.asOf === undefined)
    return undefined
  const ageMs = Math.max(0, Math.ceil(wallMs - principal.asOf * 1000))
  return {
    path: [],
    agent: principal.kind === 'actor' ? principal.source : 'oidc',
    reason: 'unconfirmed',
    ageMs,
  }
}
