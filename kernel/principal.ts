/** What a member may do in a workspace, from most to least. */
export type Role = 'OWNER' | 'ADMIN' | 'MEMBER' | 'GUEST'

/**
 * Who a request acts for. `actor` is a person (later: a service account) in one workspace; `token` is whoever a foreign
 * issuer's token names, at a gateway of other people's subgraphs; `service` is a subgraph or gateway of this deployment
 * acting for itself, e.g. following the change log.
 */
export type Principal = ClientPrincipal | ServicePrincipal

/** Who a client of the gateway can be. */
export type ClientPrincipal = ActorPrincipal | TokenPrincipal

export interface ActorPrincipal {
  readonly kind: 'actor'
  readonly actorId: string
  readonly workspaceId: string
  readonly role: Role
  readonly scopes: readonly string[]
  readonly sessionId: string | undefined
  /** The API key that was shown; undefined: it was none. */
  readonly keyId?: string
  /** CASL rules as `packRules` of @casl/ability/extra wrote them. */
  readonly rules: readonly unknown[]
  /** Seconds since 1970 from when this must not be trusted any more. */
  readonly expiresAt: number
  /** The authority that answered, e.g. `jwt`. */
  readonly source: string
  /**
   * Seconds since 1970 when role and session were last looked up, by an authority that cannot look them up now. Answers to
   * such a principal are marked as degraded. Undefined: they were looked up for this answer.
   */
  readonly asOf?: number
}

/** Whoever a verified token (RFC 7519) of an issuer that the gateway trusts was given to. */
export interface TokenPrincipal {
  readonly kind: 'token'
  /** `sub`. */
  readonly subject: string
  readonly scopes: readonly string[]
  /** Names of policies that the issuer says are met. */
  readonly policies: readonly string[]
  /** Seconds since 1970 from when this must not be trusted any more. */
  readonly expiresAt: number
  /** Seconds since 1970 when the issuer said so of an opaque token, if it cannot be asked now. Undefined: it is known of now. */
  readonly asOf?: number
}

export interface ServicePrincipal {
  readonly kind: 'service'
  readonly name: string
}

/** Who it is, among those of its kind. */
export function subjectOf(principal: ClientPrincipal): string {
  return principal.kind === 'actor' ? principal.actorId : principal.subject
}
