import { collectDefaultMetrics, Registry } from 'prom-client'
import { dispatchMetrics } from '../../dispatch/dispatch-metrics.ts'
import { createDispatcher, type CreateDispatcher } from '../../dispatch/dispatcher.ts'
import type { DispatchEvent } from '../../dispatch/events.ts'
import type { DispatcherOptions } from '../../dispatch/options.ts'
import type { Port } from '../../dispatch/port.ts'
import { gatewayGauges, gatewayMetrics } from '../../gateway/gateway-metrics.ts'
import type { GatewayReadings } from '../../gateway/gateway-metrics.ts'
import type { ObserveGateway } from '../../gateway/gateway-events.ts'
import type { Log } from '../../kernel/log.ts'
import { serveMetrics } from '../../kernel/metrics-server.ts'
import type { SightingCounts } from '../../kernel/sightings/sighting-buffer.ts'
import { sightingMetrics } from '../../kernel/sightings/sighting-metrics.ts'
import { certificateMetrics } from '../../kernel/tls/certificate-metrics.ts'
import type { FollowedTls } from '../../kernel/tls/followed-tls.ts'
import { threatMetrics } from '../../subgraphs/auth/threats/threat-metrics.ts'
import type { ThreatCounts } from '../../subgraphs/auth/threats/threat-watch.ts'
import { sweepMetrics } from '../../subgraphs/db/sweep/sweep-metrics.ts'
import type { SweepReading } from '../../subgraphs/db/sweep/sweeps.ts'
import type { Lifecycle } from '../lifecycle.ts'

export interface MetricsSettings {
  /** -1: none. */
  readonly metricsPort: number
  readonly metricsHost: string
}

/** The metrics of this process, served. */
export interface ProcessMetrics {
  readonly url: string
  /** What a gateway tells its events to. */
  gateway(): ObserveGateway
  /** Shows what can be read of a gateway. */
  readings(of: GatewayReadings): void
  /** Shows when certificates end. */
  certificates(followed: readonly FollowedTls[]): void
  /** Shows what this process has seen of attacks. */
  sightings(read: () => SightingCounts): void
  /** Shows which threats auth has written down. */
  threats(read: () => ThreatCounts): void
  /** Shows how far the sweeps through the stores are. */
  sweep(read: () => SweepReading): void
  /** Makes dispatchers whose events are counted; `create` makes them otherwise. */
  dispatchers(create: CreateDispatcher | undefined): CreateDispatcher
}

/** Serves the metrics of this process when the settings name a port for it. Rejects with PORT_TAKEN or BAD_OPTION. */
export async function openMetrics(
  { metricsPort, metricsHost }: MetricsSettings,
  lifecycle: Lifecycle,
  log: Log,
): Promise<ProcessMetrics | undefined> {
  if (metricsPort < 0) return undefined
  const registry = new Registry()
  const server = await serveMetrics({ host: metricsHost, port: metricsPort }, registry, log)
  lifecycle.add('metrics', () => server[Symbol.asyncDispose]())
  return metricsOf(registry, server.url)
}

/** What is counted into `registry`. */
export function metricsOf(registry: Registry, url: string): ProcessMetrics {
  collectDefaultMetrics({ register: registry })
  return {
    url,
    gateway: () => gatewayMetrics(registry),
    readings: of => gatewayGauges(registry, of),
    certificates: followed => certificateMetrics(registry, followed),
    sightings: read => sightingMetrics(registry, read),
    threats: read => threatMetrics(registry, read),
    sweep: read => sweepMetrics(registry, read),
    dispatchers(create = createDispatcher) {
      const count = dispatchMetrics(registry)
      return <P extends Port<P>>(options: DispatcherOptions<P>) =>
        create<P>({ ...options, observe: both(options.observe, count) })
    },
  }
}

type Observe = (event: DispatchEvent) => void

function both(first: Observe | undefined, second: Observe): Observe {
  if (first === undefined) return second
  return event => {
    first(event)
    second(event)
  }
}
