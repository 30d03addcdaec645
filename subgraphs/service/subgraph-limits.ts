import { EnneadError } from '../../kernel/errors.ts'

export interface SubgraphLimits {
  /** Largest HTTP body or WebSocket message taken. Bytes. Default 10 MiB. */
  readonly bodyBytesMax: number
  /** Time an HTTP request may take to arrive. Milliseconds. Default 15,000. */
  readonly requestTimeoutMs: number
  /** Longest deadline a hop over HTTP may ask for. Milliseconds. Default 60,000. */
  readonly remainingMsMax: number
  /** What a query over a socket, and each event of a subscription, has. Milliseconds. Default 10,000. */
  readonly operationMs: number
  /** Operations that may run at once on one socket. Default 1,000. */
  readonly operationsMax: number
  /** Between two pings of a socket. Milliseconds. Default 10,000. */
  readonly pingMs: number
}

const defaultLimits: SubgraphLimits = {
  bodyBytesMax: 10 * 1024 * 1024,
  requestTimeoutMs: 15_000,
  remainingMsMax: 60_000,
  operationMs: 10_000,
  operationsMax: 1_000,
  pingMs: 10_000,
}

/** The limits with defaults filled in. Throws BAD_OPTION naming the field and its value. */
export function checkLimits(given: Partial<SubgraphLimits>): SubgraphLimits {
  const limits = { ...defaultLimits, ...given }
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new EnneadError('BAD_OPTION', `limits.${name} must be an integer >= 1, got ${value}`)
    }
  }
  return limits
}
