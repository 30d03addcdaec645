/** What a member may do in a workspace, from most to least. */
export type Role = 'OWNER' | 'ADMIN' | 'MEMBER' | 'GUEST'

/**
 * Who a request acts for. `actor` is a person (later: a service account) in one workspace; `service` is a subgraph
 * or gateway of this deployment acting for itself, e.g. following the change log.
 */
export type Principal = ActorPrincipal | ServicePrincipal

export interface ActorPrincipal {
  readonly kind: 'actor'
  readonly actorId: string
  readonly workspaceId: string
  readonly role: Role
  readonly scopes: readonly string[]
  readonly sessionId: string | undefined
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

export interface ServicePrincipal {
  readonly kind: 'service'
  readonly name: string
}
