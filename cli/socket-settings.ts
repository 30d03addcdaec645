import { gatewayLimitDefaults } from '../gateway/admission/gateway-limits.ts'
import { integer } from '../kernel/settings.ts'

/** Connections that stay open; docs/realtime.md says more. */
export const socketSettings = {
  socketsMax: integer('WebSockets and streams open at once.', gatewayLimitDefaults.socketsMax, 1, 1_000_000),
  socketsPerAddressMax: integer(
    'WebSockets and streams open at once from one address.',
    gatewayLimitDefaults.socketsPerAddressMax,
    1,
    1_000_000,
  ),
  socketsPerActorMax: integer(
    'WebSockets and streams open at once of one signed-in user or program.',
    gatewayLimitDefaults.socketsPerActorMax,
    1,
    1_000_000,
  ),
}
