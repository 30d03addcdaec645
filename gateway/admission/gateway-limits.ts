import { EnneadError } from '../../kernel/errors.ts'

/** Every field an integer of at least 1. */
export interface GatewayLimits {
  /** Time for a query, milliseconds. Default 500. */
  readonly requestTimeoutMs: number
  /**
   * Time for a mutation, milliseconds. Default 5,000: an abandoned write has an unknown outcome, so writes get longer.
   */
  readonly mutationTimeoutMs: number
  /** Time for all that was deferred, counted from the first answer, milliseconds. Default 5,000. */
  readonly deferTimeoutMs: number
  /** Largest request body, bytes. Default 1 MiB. */
  readonly bodyBytesMax: number
  /** Largest answer to one request, bytes. Default 16 MiB. */
  readonly answerBytesMax: number
  /** Largest request head, bytes. Default 16 KiB. */
  readonly headerBytesMax: number
  /** Time for the head of a request to arrive, milliseconds. Default 10,000. */
  readonly headersTimeoutMs: number
  /** Time for a whole request to arrive, milliseconds. Default 14,000, checked every second: closed within 15 s. */
  readonly receiveTimeoutMs: number
  /** How long an idle connection is kept, milliseconds. Default 65,000, above common load balancers' 60 s. */
  readonly keepAliveMs: number
  /** Connections open at once, WebSockets included. Default 10,000. */
  readonly connectionsMax: number
  /** WebSockets open at once. Default 1,000. */
  readonly socketsMax: number
  /** WebSockets open at once from one address. Default 500. */
  readonly socketsPerAddressMax: number
  /** WebSockets open at once for one signed-in actor. Default 50. */
  readonly socketsPerActorMax: number
  /** Operations running at once on one WebSocket. Default 100. */
  readonly socketOperationsMax: number
  /** Messages a second from one WebSocket, sustained; twice as many in a burst. Default 100. */
  readonly socketMessagesPerSecond: number
  /** Bytes waiting for a reader of a WebSocket before it is closed as too slow. Default 1 MiB. */
  readonly socketBufferedBytesMax: number
  /** Largest connection_init message, bytes. Default 8 KiB. */
  readonly socketInitBytesMax: number
  /** Time for connection_init to arrive, milliseconds. Default 3,000. */
  readonly socketInitTimeoutMs: number
  /** Interval of pings; a peer that missed one is let go at the next. Milliseconds. Default 30,000. */
  readonly socketHeartbeatMs: number
  /** How often what a credential allows is asked again while its socket or stream lasts. Milliseconds. Default 10,000. */
  readonly socketRecheckMs: number
}

export const gatewayLimitDefaults: GatewayLimits = {
  requestTimeoutMs: 500,
  mutationTimeoutMs: 5_000,
  deferTimeoutMs: 5_000,
  bodyBytesMax: 1_048_576,
  answerBytesMax: 16_777_216,
  headerBytesMax: 16_384,
  headersTimeoutMs: 10_000,
  receiveTimeoutMs: 14_000,
  keepAliveMs: 65_000,
  connectionsMax: 10_000,
  socketsMax: 1_000,
  socketsPerAddressMax: 500,
  socketsPerActorMax: 50,
  socketOperationsMax: 100,
  socketMessagesPerSecond: 100,
  socketBufferedBytesMax: 1_048_576,
  socketInitBytesMax: 8_192,
  socketInitTimeoutMs: 3_000,
  socketHeartbeatMs: 30_000,
  socketRecheckMs: 10_000,
}

/** The limits with defaults filled in. Throws BAD_OPTION naming the field and its value. */
export function gatewayLimits(given: Partial<GatewayLimits> = {}): GatewayLimits {
  const limits = { ...gatewayLimitDefaults, ...given }
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new EnneadError('BAD_OPTION', `limits.${name} must be an integer >= 1, got ${value}`)
    }
  }
  return limits
}
