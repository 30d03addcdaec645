import type { DoorOptions } from '../admission/door-options.ts'
import type { SubscriptionHub } from './subscription-hub.ts'

/** What the doors that stream events share. */
export interface StreamDoorOptions extends DoorOptions {
  readonly hub: SubscriptionHub
}
