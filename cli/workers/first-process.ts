import { AggregatorRegistry } from 'prom-client'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { serveMetrics } from '../../kernel/metrics-server.ts'
import type { Forget } from '../cache-commands.ts'
import { openGatewayControl, rollbackOnSignal } from '../gateway-control.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { MetricsSettings } from '../wiring/metrics.ts'
import { followSupergraph } from '../wiring/supergraph-feed.ts'
import type { SupergraphPlace } from '../wiring/supergraph-feed.ts'
import type { SupergraphMessage } from './worker-messages.ts'
import { WorkerPool } from './worker-pool.ts'

export interface WorkersSettings extends SupergraphPlace, MetricsSettings {
  readonly workers: number
  readonly control: string | undefined
  readonly operationLog: string | undefined
}

/**
 * The process that starts the workers, follows the supergraph for all of them, is asked by `ennead supergraph`, and serves
 * their metrics. It takes no requests itself. Resolves with what there is to say when all workers are ready.
 */
export async function startWorkers(
  settings: WorkersSettings,
  lifecycle: Lifecycle,
  log: Log,
): Promise<string> {
  if (settings.operationLog !== undefined) {
    const message =
      '--operation-log is written by one process; use it with --workers 1, on one gateway of several'
    throw new EnneadError('BAD_OPTION', message)
  }
  const pool = new WorkerPool(systemClock, log)
  const tell = (sdl: string): SupergraphMessage => ({
    ennead: 'supergraph',
    sdl,
    from: settings.supergraph ?? '',
  })
  const supergraph = await followSupergraph(settings, log, ({ sdl }) => pool.tell(tell(sdl)))
  lifecycle.add('supergraph', () => supergraph.close())
  const first = supergraph.current()
  if (first === undefined)
    throw new EnneadError('SUPERGRAPH_INVALID', 'there is no supergraph to start workers with')
  const metrics = await serveAll(settings, lifecycle, log)
  lifecycle.add('workers', () => pool.close())
  const url = await pool.start(settings.workers, tell(first.sdl))
  const forget: Forget = forgetting => pool.forget(forgetting)
  await openGatewayControl(
    settings.control,
    Number(new URL(url).port),
    { supergraph, forget },
    lifecycle,
    log,
  )
  rollbackOnSignal(supergraph, lifecycle, log)
  return `ready ${url} (${settings.workers} workers, supergraph from ${supergraph.status().from}${metrics})`
}

/** The metrics of all workers, added up. */
async function serveAll(settings: MetricsSettings, lifecycle: Lifecycle, log: Log): Promise<string> {
  if (settings.metricsPort < 0) return ''
  const all = new AggregatorRegistry()
  const text = { metrics: () => all.clusterMetrics(), contentType: all.contentType }
  const server = await serveMetrics({ host: settings.metricsHost, port: settings.metricsPort }, text, log)
  lifecycle.add('metrics', () => server[Symbol.asyncDispose]())
  return `; metrics ${server.url}`
}
