import type { DoorOptions } from '../admission/door-options.ts'
import type { ConnectionQuotas } from './connection-quotas.ts'
import type { SubscriptionHub } from './subscription-hub.ts'
import type { WriteBatch } from './write-batch.ts'

/** What the doors that stream events share. */
export interface StreamDoorOptions extends DoorOptions {
  readonly hub: SubscriptionHub
  readonly quotas: ConnectionQuotas
  readonly batch: WriteBatch
}
