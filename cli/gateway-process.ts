import type { Engine } from '../gateway/engine.ts'
import type { GatewayReadings } from '../gateway/gateway-metrics.ts'
import type { GatewayServer } from '../gateway/http/gateway-server.ts'
import { sleep, systemClock } from '../kernel/clock.ts'

/** What metrics show of a gateway that runs in this process. */
export function readingsOf(engine: Engine, server: GatewayServer): GatewayReadings {
  return {
    health: () => engine.health(),
    admission: () => server.admission(),
    get socketCount() {
      return server.socketCount
    },
  }
}

/** Lets balancers see that it is about to go, then takes no more requests and ends those that run. */
export async function drain(
  server: GatewayServer,
  { unreadyMs, drainMs }: { readonly unreadyMs: number; readonly drainMs: number },
): Promise<void> {
  server.retire()
  if (unreadyMs > 0) await sleep(systemClock, unreadyMs)
  await server.close(drainMs)
}
