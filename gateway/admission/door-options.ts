import type { Clock } from '../../kernel/clock.ts'
import type { Log } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import type { Engine } from '../engine.ts'
import type { ObserveGateway } from '../gateway-events.ts'
import type { RecordOperation } from '../recording/record-operation.ts'
import type { Admission } from './admission.ts'
import type { GatewayLimits } from './gateway-limits.ts'
import type { Identity } from './identity.ts'
import type { OriginPolicy } from './origin-policy.ts'
import type { RateLimits } from './rate-limits.ts'
import type { StoredDocuments } from './stored-documents.ts'

/** What the HTTP door and the WebSocket door of one gateway share. */
export interface DoorOptions {
  readonly engine: Engine
  /** What both doors let in together. */
  readonly admission: Admission
  /** Undefined: credentials are not looked at. */
  readonly identity: Identity | undefined
  /** Client headers handed on to subgraphs, lower-case names. */
  readonly forwardHeaders: readonly string[]
  readonly origins: OriginPolicy
  readonly limits: GatewayLimits
  readonly documents: StoredDocuments
  /** Undefined: nothing is limited. */
  readonly rates: RateLimits | undefined
  /** Undefined: nobody wants to know. */
  readonly observe: ObserveGateway | undefined
  /** Told of every operation that a client may run. Undefined: nobody records. */
  readonly record: RecordOperation | undefined
  /** Told of what may be part of an attack. Undefined: nobody counts it. */
  readonly sight: Sight | undefined
  readonly log: Log
  readonly clock: Clock
}
