import { Counter } from 'prom-client'
import type { Registry } from 'prom-client'
import type { SightingCounts } from './sighting-buffer.ts'

/** Shows, whenever it is asked, what this process has seen of attacks. */
export function sightingMetrics(registry: Registry, read: () => SightingCounts): void {
  const seen: Counter = new Counter({
    name: 'ennead_sightings_total',
    help: 'What this process has seen that may be part of an attack.',
    labelNames: ['kind'],
    registers: [registry],
    collect: () => {
      seen.reset()
      for (const [kind, count] of Object.entries(read().seen)) seen.inc({ kind }, count)
    },
  })
  const dropped: Counter = new Counter({
    name: 'ennead_sightings_dropped_total',
    help: 'Of these, those that auth was not told of.',
    registers: [registry],
    collect: () => {
      dropped.reset()
      dropped.inc(read().dropped)
    },
  })
}
