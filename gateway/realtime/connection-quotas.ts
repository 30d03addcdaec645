import type { GatewayLimits } from '../admission/gateway-limits.ts'
import { Quota } from './quota.ts'

/** Connections that stay open, of every door: in the process, of one address, of one signed-in actor. */
export class ConnectionQuotas {
  readonly addresses: Quota
  readonly actors: Quota
  readonly #max: number
  #count = 0

  constructor({ socketsMax, socketsPerAddressMax, socketsPerActorMax }: GatewayLimits) {
    this.#max = socketsMax
    this.addresses = new Quota(socketsPerAddressMax)
    this.actors = new Quota(socketsPerActorMax)
  }

  /** Takes a place in the process and for the address; a text that says why not. `release` gives both back. */
  take(address: string): string | undefined {
    if (this.#count >= this.#max) return 'too many sockets, try again later'
    if (!this.addresses.take(address)) return 'too many sockets of this address'
    this.#count += 1
    return undefined
  }

  release(address: string): void {
    this.#count -= 1
    this.addresses.release(address)
  }
}
