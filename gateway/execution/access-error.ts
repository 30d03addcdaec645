import type { AccessRequirement } from '../supergraph/access-rules.ts'
import type { Failure } from './failures.ts'

/** What a client is told of an element that it may not see. Scopes are named (RFC 6750, section 3.1), policies are not. */
export function accessError(requirement: AccessRequirement, authenticated: boolean): Failure {
  const { coordinate, scopes } = requirement
  if (!authenticated) {
    return {
      message: `${coordinate} is only for those who have signed in`,
      extensions: { code: 'UNAUTHENTICATED', coordinate },
    }
  }
  const wanted = scopes.map(all => all.join(' and ')).join(', or ')
  const scoped = wanted === '' ? 'a policy refuses it' : `it asks for the scopes ${wanted}`
  return {
    message: `${coordinate} is not for this credential: ${scoped}`,
    extensions: { code: 'FORBIDDEN', coordinate },
  }
}
