import type { Principal } from '../../kernel/principal.ts'
import type { AccessRequirement } from '../supergraph/access-rules.ts'

/** What is known of whoever asks, as far as the schema's rules of access ask for it. */
export interface Viewer {
  /** A credential was verified. */
  readonly authenticated: boolean
  readonly scopes: ReadonlySet<string>
  readonly policies: ReadonlySet<string>
}

const nothing: ReadonlySet<string> = new Set()

/** Whoever comes without a credential. */
export const anonymous: Viewer = { authenticated: false, scopes: nothing, policies: nothing }

/** A gateway keeps who a token is for seconds. */
const viewers = new WeakMap<Principal, Viewer>()

export function viewerOf(principal: Principal | undefined): Viewer {
  if (principal === undefined) return anonymous
  const known = viewers.get(principal)
  if (known !== undefined) return known
  const viewer = {
    authenticated: true,
    scopes: principal.kind === 'service' ? nothing : new Set(principal.scopes),
    policies: principal.kind === 'token' ? new Set(principal.policies) : nothing,
  }
  viewers.set(principal, viewer)
  return viewer
}

export function meets(viewer: Viewer, { scopes, policies }: AccessRequirement): boolean {
  return viewer.authenticated && hasOne(scopes, viewer.scopes) && hasOne(policies, viewer.policies)
}

/** Everything of at least one of the lists; without lists nothing is asked for. */
function hasOne(wanted: readonly (readonly string[])[], held: ReadonlySet<string>): boolean {
  return wanted.length === 0 || wanted.some(all => all.every(each => held.has(each)))
}
