import cluster from 'node:cluster'
import { AggregatorRegistry, Registry } from 'prom-client'
import type { Engine } from '../../gateway/engine.ts'
import { loadApart } from '../../gateway/supergraph/load-apart.ts'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import type { LiveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import type { HealthReport } from '../../gateway/http/gateway-options.ts'
import type { SupergraphFeed } from '../../gateway/supergraph/supergraph-feed.ts'
import type { Log } from '../../kernel/log.ts'
import { metricsOf } from '../wiring/metrics.ts'
import type { MetricsSettings, ProcessMetrics } from '../wiring/metrics.ts'
import { isForgetMessage, isSupergraphMessage, isWorkersMessage } from './worker-messages.ts'
import type { ForgottenMessage, ListeningMessage, SupergraphMessage } from './worker-messages.ts'

/** Is this process one of several that `--workers` has started? */
export function isWorker(): boolean {
  return cluster.isWorker
}

/** The supergraph that the first process follows, taken into use here by the same rules as if it were followed here. */
export function workerSupergraph(log: Log): Promise<LiveSupergraph> {
  let told: SupergraphMessage | undefined
  let changed: () => void = () => undefined
  const first = Promise.withResolvers<void>()
  const listen = (message: unknown): void => {
    if (!isSupergraphMessage(message)) return
    told = message
    first.resolve()
    changed()
  }
  process.on('message', listen)
  const feed: SupergraphFeed = {
    get name() {
      return told?.from ?? 'the first process'
    },
    async read() {
      await first.promise
      return told?.sdl ?? ''
    },
    watch: call => void (changed = call),
    close: () => void process.off('message', listen),
  }
  // Without a supergraph the first process has not said anything yet, and this one is not needed.
  return liveSupergraph(feed, { load: loadApart, log })
}

/** The metrics of this process, which the first one adds up and serves. */
export function workerMetrics({ metricsPort }: MetricsSettings): ProcessMetrics | undefined {
  if (metricsPort < 0) return undefined
  const registry = new Registry()
  // Answers the first process from now on.
  const answering = new AggregatorRegistry()
  AggregatorRegistry.setRegistries([registry])
  void answering
  return metricsOf(registry, '')
}

/**
 * What a worker's `/health/ready` says of all of them, as the first process has told it. Ready is this one for itself: one that is
 * being replaced keeps no other from answering.
 */
export function workersHealth(): () => HealthReport {
  let workers: { readonly of: number; readonly takingRequests: number } | undefined
  process.on('message', message => {
    if (!isWorkersMessage(message)) return
    const { of, takingRequests } = message
    workers = { of, takingRequests }
  })
  return () => ({ ready: true, ...(workers === undefined ? {} : { workers }) })
}

/** Forgets what the first process says, from now on. */
export function forgetWhenTold(engine: Engine): void {
  process.on('message', message => {
    if (!isForgetMessage(message)) return
    const { number } = message
    const answer = (refused?: string): void => {
      const told: ForgottenMessage = {
        ennead: 'forgotten',
        number,
        ...(refused === undefined ? {} : { refused }),
      }
      process.send?.(told)
    }
    try {
      engine.forget?.(message.forgetting)
      answer()
    } catch (failure) {
      answer(failure instanceof Error ? failure.message : String(failure))
    }
  })
}

/** Tells the first process that requests are taken at `url`. */
export function tellListening(url: string): void {
  process.send?.({ ennead: 'listening', url } satisfies ListeningMessage)
}

/** Nothing more is said to the first process: whatever else has ended, this one can end. */
export function leave(): void {
  process.channel?.unref()
}
