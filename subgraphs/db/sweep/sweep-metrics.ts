import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import { noCounts, type SweepCounts } from './sweep-progress.ts'
import type { SweepReading } from './sweeps.ts'

/** Shows, whenever it is asked, whether this process sweeps, and what the sweeps that it carries on have come to. */
export function sweepMetrics(registry: Registry, read: () => SweepReading): void {
  const term: Gauge = new Gauge({
    name: 'ennead_sweep_term',
    help: 'Term of the lease under which this process sweeps; 0: another one does.',
    registers: [registry],
    collect: () => term.set(read().term ?? 0),
  })
  const help: Readonly<Record<keyof SweepCounts, string>> = {
    looked: 'Records that sweeps have looked at, each once in every store.',
    found: 'Of these, what was not as the log says.',
    repaired: 'Of these, what was put right.',
  }
  for (const [name, text] of Object.entries(help)) {
    const counter: Counter = new Counter({
      name: `ennead_sweep_records_${name}_total`,
      help: text,
      registers: [registry],
      collect: () => {
        counter.reset()
        // The keys of `help` are those of the counts.
        counter.inc((read().progress?.total ?? noCounts)[name as keyof SweepCounts])
      },
    })
  }
  const passes: Counter = new Counter({
    name: 'ennead_sweep_passes_total',
    help: 'Passes of sweeps through all stores that have ended.',
    registers: [registry],
    collect: () => {
      passes.reset()
      passes.inc(read().progress?.passes ?? 0)
    },
  })
}
