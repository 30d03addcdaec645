import { Counter, Gauge, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'
import { unreachable } from '../kernel/errors.ts'
import type { DispatchEvent } from './events.ts'

/** Seconds; an attempt has 50 ms by default, a call 200. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5]

/** An observer that counts what dispatchers do; domains, agents and operations are fixed by the program. */
export function dispatchMetrics(registry: Registry): (event: DispatchEvent) => void {
  const registers = [registry]
  const attempts = new Histogram({
    name: 'ennead_agent_attempt_duration_seconds',
    help: 'Time of attempts on agents.',
    labelNames: ['domain', 'agent', 'outcome'],
    buckets,
    registers,
  })
  const calls = new Histogram({
    name: 'ennead_dispatch_call_duration_seconds',
    help: 'Time of calls to a domain, all attempts of each together.',
    labelNames: ['domain', 'operation', 'outcome'],
    buckets,
    registers,
  })
  const shed = new Counter({
    name: 'ennead_dispatch_shed_total',
    help: 'Calls refused before any work.',
    labelNames: ['domain', 'why', 'priority'],
    registers,
  })
  const open = new Gauge({
    name: 'ennead_breaker_open',
    help: '1 while a breaker spares an agent or an operation.',
    labelNames: ['domain', 'of', 'name'],
    registers,
  })
  const stalls = new Counter({
    name: 'ennead_dispatch_stalled_seconds_total',
    help: 'Time the event loop stood still while deadlines waited.',
    labelNames: ['domain'],
    registers,
  })
  return event => {
    const { is, domain } = event
    switch (is) {
      case 'attemptEnded':
        attempts.observe({ domain, agent: event.agent, outcome: event.outcome }, event.tookMs / 1_000)
        return
      case 'callEnded':
        calls.observe({ domain, operation: event.operation, outcome: event.outcome }, event.tookMs / 1_000)
        return
      case 'shed':
        shed.inc({ domain, why: event.why, priority: event.priority })
        return
      case 'opened':
      case 'closed':
        open.set({ domain, of: event.of.is, name: event.of.name }, is === 'opened' ? 1 : 0)
        return
      case 'stalled':
        stalls.inc({ domain }, event.lateMs / 1_000)
        return
      case 'attemptStarted':
      case 'late':
      case 'probed':
      case 'disagreed':
        return
      default:
        unreachable(is)
    }
  }
}
