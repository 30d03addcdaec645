import type { DomainHealth } from '../../kernel/health.ts'
import type { Hop } from '../../kernel/hop.ts'
import type { ServiceTls } from './tls-door.ts'

/** One GraphQL operation for a subgraph. */
export interface SubgraphOperation {
  readonly query: string
  readonly variables?: Readonly<Record<string, unknown>>
  readonly operationName?: string
}

/** A GraphQL response as JSON has it. */
export interface SubgraphAnswer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly SubgraphError[]
  /**
   * `ennead.degraded` lists what is not known to be current: `{path, agent, reason, ageMs, behind}`, see DegradedPath in
   * kernel/degradation.ts. A path covers everything below it; whatever no path covers is current.
   */
  readonly extensions?: Readonly<Record<string, unknown>>
}

export interface SubgraphError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly locations?: readonly { readonly line: number; readonly column: number }[]
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** Where a service listens: a TCP port (0: any free one) or a unix socket. */
export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** A running subgraph: the same resolvers by function call and over HTTP and WebSocket. */
export interface SubgraphService {
  readonly name: string
  execute(operation: SubgraphOperation, hop: Hop): Promise<SubgraphAnswer>
  /** Answers of a subscription; `return()` lets go of the source at once, also while it is quiet. */
  subscribe(operation: SubgraphOperation, hop: Hop): AsyncIterableIterator<SubgraphAnswer>
  health(): DomainHealth
  /**
   * Serves /graphql (HTTP and graphql-transport-ws), /health/live, /health/ready and the domain's own routes; with `tls`, which
   * stays the caller's to close, over TLS. Answers the address in use.
   */
  listen(address: ListenAddress, tls?: ServiceTls): Promise<ListenAddress>
  /** Stops taking requests, lets running ones end (at most `drainMs`), then closes. Idempotent. */
  close(drainMs?: number): Promise<void>
}
