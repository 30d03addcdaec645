import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import { DurationHistogram } from '../kernel/duration-histogram.ts'
import { errorDefinitions, unreachable } from '../kernel/errors.ts'
import type { AdmissionReport } from './admission/admission.ts'
import type { EngineHealth } from './engine.ts'
import type { GatewayEvent, ObserveGateway } from './gateway-events.ts'

/** What can be read of a running gateway. */
export interface GatewayReadings {
  health(): EngineHealth
  admission(): AdmissionReport
  /** WebSockets open now. */
  readonly socketCount: number
}

/** Seconds; from a cached answer to a mutation's whole budget. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Subgraph names that become a label's value; later ones are counted together. */
const subgraphsMax = 500
const methods: ReadonlySet<string> = new Set(['GET', 'POST'])
const other = 'other'

/** Counts what happens in a gateway. Every label has a bounded number of values; docs/metrics.md lists all of them. */
export function gatewayMetrics(registry: Registry): ObserveGateway {
  const registers = [registry]
  const http = new DurationHistogram({
    name: 'http_server_request_duration_seconds',
    help: 'Time from a request to /graphql to its answer.',
    labelNames: ['http_request_method', 'http_response_status_code'],
    buckets,
    registry,
  })
  const operations = new DurationHistogram({
    name: 'graphql_server_operation_duration_seconds',
    help: 'Time of operations over HTTP and WebSocket; of subscriptions until they end.',
    labelNames: ['door', 'graphql_operation_type', 'outcome'],
    buckets,
    registry,
  })
  const errors = new Counter({
    name: 'graphql_server_errors_total',
    help: 'Errors in answers, by extensions.code.',
    labelNames: ['code'],
    registers,
  })
  const subgraphs = new DurationHistogram({
    name: 'ennead_subgraph_request_duration_seconds',
    help: 'Time of calls to subgraphs.',
    labelNames: ['subgraph', 'outcome'],
    buckets,
    registry,
  })
  const supergraphs = new Counter({
    name: 'ennead_supergraph_taken_total',
    help: 'Supergraphs taken into use, the first one and those gone back to included.',
    registers,
  })
  const surprises = new Counter({
    name: 'ennead_compiled_surprises_total',
    help: 'Compiled queries that were run again by the generic executor.',
    registers,
  })
  const shared = new Counter({
    name: 'ennead_shared_queries_total',
    help: 'Queries answered with the data of the same one under way.',
    registers,
  })
  const cached = new Counter({
    name: 'ennead_entity_cache_total',
    help: 'Entities and answers of root fields that the entity cache has given, fresh or stale, or kept.',
    labelNames: ['outcome'],
    registers,
  })
  const known = new Set<string>()
  const nameOf = (subgraph: string): string => {
    if (known.size < subgraphsMax) known.add(subgraph)
    return known.has(subgraph) ? subgraph : other
  }
  return (event: GatewayEvent) => {
    const { is } = event
    switch (is) {
      case 'operationEnded': {
        const { door, kind = 'unknown', outcome, codes, request, tookMs } = event
        operations.cell(door, kind, outcome).observe(tookMs / 1_000)
        for (const code of codes) errors.inc({ code: boundedCode(code) })
        if (request === undefined) return
        const method = methods.has(request.method) ? request.method : other
        http.cell(method, String(request.status)).observe(tookMs / 1_000)
        return
      }
      case 'subgraphEnded':
        subgraphs.cell(nameOf(event.subgraph), event.outcome).observe(event.tookMs / 1_000)
        return
      case 'supergraphTaken':
        supergraphs.inc()
        return
      case 'compiledSurprised':
        surprises.inc()
        return
      case 'queryShared':
        shared.inc()
        return
      case 'entityCache':
        cached.inc({ outcome: event.outcome }, event.count)
        return
      default:
        unreachable(is)
    }
  }
}

/** Shows, whenever it is asked, what a gateway knows of itself. */
export function gatewayGauges(registry: Registry, readings: GatewayReadings): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    // Read when scraped.
    const made: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: () => made.set(read()),
    })
  }
  const supergraph = (): EngineHealth['supergraph'] => readings.health().supergraph
  gauge('ennead_ready', 'Gateways that have a supergraph.', () => (readings.health().ready ? 1 : 0))
  gauge('ennead_supergraph_refused', 'Gateways whose newest supergraph was not taken.', () =>
    supergraph().refused === undefined ? 0 : 1,
  )
  const since: Gauge = new Gauge({
    name: 'ennead_supergraph_taken_timestamp_seconds',
    help: 'When the supergraph in use was taken, seconds since 1970.',
    registers: [registry],
    aggregator: 'min',
    collect: () => since.set(Date.parse(supergraph().since ?? '1970-01-01') / 1_000),
  })
  gauge('ennead_websocket_connections', 'WebSockets open.', () => readings.socketCount)
  gauge('ennead_admission_running', 'Operations that run.', () => readings.admission().running)
  gauge('ennead_admission_limit', 'Operations that may run at once.', () => readings.admission().limit)
  const waiting = new Gauge({
    name: 'ennead_admission_waiting',
    help: 'Operations that wait for a place.',
    labelNames: ['priority'],
    registers: [registry],
    collect: () => {
      for (const [priority, count] of Object.entries(readings.admission().waiting)) {
        waiting.set({ priority }, count)
      }
    },
  })
  const refused = new Counter({
    name: 'ennead_admission_refused_total',
    help: 'Operations refused before any work, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect: () => {
      refused.reset()
      for (const [reason, count] of Object.entries(readings.admission().counts.refused)) {
        refused.inc({ reason }, count)
      }
    },
  })
}

/** Subgraphs choose codes of their own, and may choose a new one for every error. */
function boundedCode(code: string): string {
  return Object.hasOwn(errorDefinitions, code) ? code : other
}
