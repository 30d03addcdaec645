import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { FollowedTls } from './followed-tls.ts'

/** Shows, whenever it is asked, when each certificate of this process ends. */
export function certificateMetrics(registry: Registry, followed: readonly FollowedTls[]): void {
  const gauge: Gauge = new Gauge({
    name: 'ennead_certificate_expiry_timestamp_seconds',
    help: 'When a certificate of this process ends, seconds since 1970.',
    labelNames: ['certificate'],
    registers: [registry],
    // Of several workers on the same files, the one that has not taken the new one yet is the one to know of.
    aggregator: 'min',
    collect: () => {
      gauge.reset()
      for (const tls of followed) {
        const { own } = tls.current
        if (own !== undefined) gauge.set({ certificate: own.name }, own.validTo / 1_000)
      }
    },
  })
}
