import { Counter } from 'prom-client'
import type { Registry } from 'prom-client'
import type { ThreatCounts } from './threat-watch.ts'

/** Shows, whenever it is asked, which threats were written into the audit log. */
export function threatMetrics(registry: Registry, read: () => ThreatCounts): void {
  const told: Counter = new Counter({
    name: 'ennead_threats_total',
    help: 'Entries of the audit log about threats.',
    labelNames: ['threat'],
    registers: [registry],
    collect: () => {
      told.reset()
      for (const [threat, count] of read().told) told.inc({ threat }, count)
    },
  })
  const unwritten: Counter = new Counter({
    name: 'ennead_threats_unwritten_total',
    help: 'Entries about threats that were too many in a minute.',
    registers: [registry],
    collect: () => {
      unwritten.reset()
      unwritten.inc(read().unwritten)
    },
  })
}
