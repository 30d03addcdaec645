import type { Random } from '../../kernel/clock.ts'

/** When a client whose connection breaks should come back, on average. Milliseconds. */
const averageMs = 5_000

/** When one client should come back: spread, so that those who lose a gateway together do not come back together. */
export function reconnectMs(random: Random): number {
  return Math.round(averageMs * (0.5 + random()))
}
