import { createEngine } from '../../gateway/create-engine.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { jsonLog } from '../../kernel/log.ts'
import { readSettings, type SettingsOf } from '../../kernel/settings.ts'
import type { Forget } from '../cache-commands.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { openGatewayControl, rollbackOnSignal } from '../gateway-control.ts'
import { drain, readingsOf } from '../gateway-process.ts'
import { helpText } from '../help.ts'
import { readHopSigner } from '../hop-secret.ts'
import { Lifecycle, stopAsked } from '../lifecycle.ts'
import { gatewaySettings } from '../settings.ts'
import { admissionOptions } from '../wiring/admission.ts'
import { entityCacheOptions } from '../wiring/entity-cache.ts'
import { withEventSource } from '../wiring/event-source.ts'
import { jointHealth } from '../wiring/health.ts'
import { identifyBy, rightsBy } from '../wiring/identity.ts'
import { documentOptions, rateLimitOptions } from '../wiring/clients.ts'
import { doorLimits, operationOptions } from '../wiring/limits.ts'
import { remoteSubgraphs } from '../wiring/remote-subgraphs.ts'
import { certificatesHealth, subgraphTls } from '../wiring/subgraph-tls.ts'
import { followSupergraph } from '../wiring/supergraph-feed.ts'
import { sightingsToAuth } from '../wiring/sightings.ts'
import { planningOptions } from '../wiring/planning.ts'
import { recorder } from '../wiring/recording.ts'
import { openMetrics } from '../wiring/metrics.ts'
import { startWorkers } from '../workers/first-process.ts'
import {
  forgetWhenTold,
  isWorker,
  leave,
  tellListening,
  workerMetrics,
  workersHealth,
  workerSupergraph,
} from '../workers/worker.ts'

const summary = 'Serves any supergraph: queries, mutations and subscriptions.'

type Settings = SettingsOf<typeof gatewaySettings>

export const gateway: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, 'gateway --supergraph FILE [flags]', summary, gatewaySettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(gatewaySettings, argv, process.env)
    const stop = stopAsked()
    const lifecycle = new Lifecycle(jsonLog({ level: settings.logLevel }))
    try {
      const ready =
        settings.workers > 1 && !isWorker()
          ? await startWorkers(settings, lifecycle, jsonLog({ level: settings.logLevel }))
          : await serve(settings, lifecycle)
      if (ready !== undefined) process.stdout.write(`${ready}\n`)
      await stop
    } finally {
      await lifecycle.close()
      if (isWorker()) leave()
    }
    return exitCodes.done
  },
}

/** Resolves with what there is to say when it takes requests; a worker says it to the process that has started it. */
async function serve(settings: Settings, lifecycle: Lifecycle): Promise<string | undefined> {
  const log = jsonLog({ level: settings.logLevel })
  const signer = await readHopSigner(settings, lifecycle, log)
  const metrics = isWorker() ? workerMetrics(settings) : await openMetrics(settings, lifecycle, log)
  const observe = metrics?.gateway()
  const tls = await subgraphTls(settings, lifecycle, log)
  if (tls.followed.length > 0) metrics?.certificates(tls.followed)
  const subgraphs = remoteSubgraphs(settings, signer, tls.of)
  const documents = await documentOptions(settings)
  const supergraph = isWorker() ? await workerSupergraph(log) : await followSupergraph(settings, log)
  const engine = createEngine({
    supergraph,
    subgraph: await withEventSource(settings, subgraphs.connect, lifecycle, log),
    ...operationOptions(settings),
    ...planningOptions(settings),
    ...entityCacheOptions(settings),
    ...(settings.compiled ? {} : { compiledAfter: Infinity }),
    canary: { mode: settings.canary, operationsMax: settings.canaryOperations },
    observe,
    log,
  })
  lifecycle.add('engine', () => engine.close())
  await engine.ready()
  if (isWorker()) forgetWhenTold(engine)
  const record = await recorder(settings, lifecycle, log)
  const server = await startGatewayServer({
    engine,
    address: { host: settings.host, port: settings.port },
    identify: await identifyBy(settings, signer, lifecycle, tls.of),
    rightsChanged: rightsBy(settings, signer, lifecycle, tls.of),
    health: jointHealth([
      tls.followed.length === 0 ? undefined : certificatesHealth(tls.followed),
      isWorker() ? workersHealth() : undefined,
    ]),
    ...(settings.forwardHeaders.length === 0 ? {} : { forwardHeaders: settings.forwardHeaders }),
    identityLifeMs: settings.identityLifeMs,
    graphiql: settings.graphiql,
    origins: settings.allowedOrigins,
    limits: doorLimits(settings),
    documents,
    rateLimits: rateLimitOptions(settings, lifecycle),
    admission: { ...admissionOptions(settings), risk: subgraphs.risk },
    observe,
    record,
    sight: sightingsToAuth(settings.identityUrl, signer, tls.of('auth'), { lifecycle, log, metrics }),
    log,
  })
  metrics?.readings(readingsOf(engine, server))
  lifecycle.add('doors', () => drain(server, settings))
  if (isWorker()) {
    tellListening(server.url)
    return undefined
  }
  const forget: Forget = async forgetting => {
    engine.forget?.(forgetting)
    return 1
  }
  await openGatewayControl(settings.control, server.address.port, { supergraph, forget }, lifecycle, log)
  rollbackOnSignal(supergraph, lifecycle, log)
  const shown = metrics === undefined ? '' : `; metrics ${metrics.url}`
  return `ready ${server.url} (supergraph from ${supergraph.status().from}${shown})`
}
