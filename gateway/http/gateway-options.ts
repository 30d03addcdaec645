import type { AdmissionOptions } from '../admission/admission-options.ts'
import { forwardList } from '../admission/forwarded-headers.ts'
import type { GatewayLimits } from '../admission/gateway-limits.ts'
import type { RateLimitOptions } from '../admission/rate-limits.ts'
import type { StoredDocumentOptions } from '../admission/stored-documents.ts'
import type { Identify } from '../admission/identity.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import type { Engine } from '../engine.ts'
import type { ObserveGateway } from '../gateway-events.ts'
import type { RecordOperation } from '../recording/record-operation.ts'

/** What a health contributor adds to `/health/ready`; nothing secret. */
export interface HealthReport {
  readonly ready: boolean
  readonly [part: string]: unknown
}

export interface GatewayServerOptions {
  readonly engine: Engine
  /** Where to listen. `port` 0 takes any free one. */
  readonly address: { readonly host: string; readonly port: number }
  readonly log: Log
  /** Who a bearer token stands for. Undefined: credentials are not looked at, only forwarded. */
  readonly identify?: Identify | undefined
  /**
   * Calls `told` with actors whose rights have changed or whose session has ended: their sockets and streams are looked at at once.
   * Default: every `limits.socketRecheckMs`.
   */
  readonly rightsChanged?: ((told: (actorIds: readonly string[]) => void) => void) | undefined
  /** How long the gateway remembers who a token is; 0: it asks for every request. Milliseconds. Default 10,000. */
  readonly identityLifeMs?: number | undefined
  /**
   * Client headers handed on to subgraphs, lower-case names. Default: none with `identify`, `authorization` without it.
   */
  readonly forwardHeaders?: readonly string[] | undefined
  /** Serve GraphiQL to browsers at GET /graphql. Default true. */
  readonly graphiql?: boolean
  /** The text GraphiQL opens with. Default: how to sign in with `identify`, how to send headers without it. */
  readonly graphiqlQuery?: string | undefined
  /**
   * What stands between the newest schemas and being served, as text for people; undefined while nothing does. GraphiQL
   * shows it, asking every second. Default: it does not ask.
   */
  readonly problems?: (() => string | undefined) | undefined
  /** Origins of web pages that may call this gateway beside its own; `*` for any. Default none. */
  readonly origins?: readonly string[]
  /** The public keys (RFC 7517) of tokens that are signed here, for `/.well-known/jwks.json`. Default: there are none. */
  readonly publicKeys?: (() => object) | undefined
  /** Asked on every `/health/ready`; what it answers is added to the gateway's own health. Default nothing. */
  readonly health?: (() => Promise<HealthReport>) | undefined
  readonly limits?: Partial<GatewayLimits>
  /** Documents that clients may name instead of sending. Default: those they have stored by hash. */
  readonly documents?: StoredDocumentOptions
  /** How much one client may ask. Default: as much as it likes. */
  readonly rateLimits?: RateLimitOptions
  /** How many operations run at once, how many wait, and what is refused under pressure. */
  readonly admission?: AdmissionOptions
  /** Told everything that happens at the doors. Default: nobody is. */
  readonly observe?: ObserveGateway | undefined
  /** Told of every operation that a client may run. Default: nobody records. */
  readonly record?: RecordOperation | undefined
  /** Told of what may be part of an attack. Default: nobody counts it. */
  readonly sight?: Sight | undefined
  readonly clock?: Clock
}

export function checkedForwardHeaders(options: GatewayServerOptions): readonly string[] {
  return forwardList(options.forwardHeaders ?? (options.identify === undefined ? ['authorization'] : []))
}

export function checkAddress({ host, port }: GatewayServerOptions['address']): void {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new EnneadError('BAD_OPTION', `address.port must be 0 to 65535, got ${port}`)
  }
  if (host === '') throw new EnneadError('BAD_OPTION', 'address.host must not be empty')
}
