import { join } from 'node:path'
import type { AdmissionOptions } from '../../gateway/admission/admission-options.ts'
import { createEngine } from '../../gateway/create-engine.ts'
import { startGatewayServer, type GatewayServer } from '../../gateway/http/gateway-server.ts'
import { fixedSupergraph } from '../../gateway/supergraph/supergraph-source.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { Chaos } from '../../dispatch/chaos/chaos.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import { jsonLog } from '../../kernel/log.ts'
import { readSettings, type SettingsOf } from '../../kernel/settings.ts'
import type { AuthDomain } from '../../subgraphs/auth/domain.ts'
import type { SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import type { Command } from '../command.ts'
import { chaosCommands } from '../chaos-commands.ts'
import { authCommands } from '../control-commands.ts'
import { serveControl } from '../control.ts'
import { openDataFolder, type DataFolder } from '../data-folder.ts'
import { createDemo, demoEmail } from '../demo.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { followHopSecrets } from '../hop-secret.ts'
import { drain, readingsOf } from '../gateway-process.ts'
import { Lifecycle, stopAsked } from '../lifecycle.ts'
import { schemaText } from '../package-root.ts'
import { startSettings } from '../settings.ts'
import { encryptionCommands } from '../encryption/encryption-commands.ts'
import { directoryDoctorCommands, doctorCommands } from '../doctor/doctor-commands.ts'
import { directoryTransfer, recordTransfer } from '../transfer/transfer-commands.ts'
import { admissionOptions, highestRisk } from '../wiring/admission.ts'
import { documentOptions, rateLimitOptions } from '../wiring/clients.ts'
import { cursorKeyOf } from '../wiring/cursor-key.ts'
import { doorLimits, operationOptions } from '../wiring/limits.ts'
import { planningOptions } from '../wiring/planning.ts'
import { recorder } from '../wiring/recording.ts'
import { openMetrics, type ProcessMetrics } from '../wiring/metrics.ts'
import { localSubgraph } from '../wiring/local-subgraph.ts'
import { runApi, runAuth, runDb } from '../wiring/task-graph.ts'

const summary = 'Runs everything in one process: gateway, three subgraphs, embedded stores.'

type Settings = SettingsOf<typeof startSettings>

export const start: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, 'start [flags]', summary, startSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(startSettings, argv, process.env)
    const stop = stopAsked()
    const lifecycle = new Lifecycle(jsonLog({ level: settings.logLevel }))
    try {
      const line = await serve(settings, lifecycle)
      process.stdout.write(`${line}\n`)
      await stop
    } finally {
      await lifecycle.close()
    }
    return exitCodes.done
  },
}

/** Opens everything, from the stores up to the doors; answers the ready line. */
async function serve(settings: Settings, lifecycle: Lifecycle): Promise<string> {
  const log = jsonLog({ level: settings.logLevel })
  const admission = admissionOptions(settings)
  const data = await openDataFolder(settings.data, ['start', 'auth', 'db'])
  lifecycle.add('data folder', () => data[Symbol.asyncDispose]())
  const secrets = await data.hopSecrets()
  const signer = new HopSigner(secrets)
  lifecycle.add('hop secrets', followHopSecrets(data.hopSecretFile, signer, { log }))
  const chaos = settings.chaos ? new Chaos() : undefined
  const metrics = await openMetrics(settings, lifecycle, log)
  const createDispatcher = metrics?.dispatchers(chaos?.createDispatcher) ?? chaos?.createDispatcher
  const surroundings = { settings, data, signer, lifecycle, log, createDispatcher, metrics }
  const cursorKey = cursorKeyOf(secrets[0])

  let url = `http://localhost:${settings.port}`
  const auth = await runAuth({ ...surroundings, cursorKey })
  const { sight } = auth
  const db = await runDb({ ...surroundings, sight }, auth.domain)
  const dbSocket = await data.socketPath('db')
  await db.service.listen({ kind: 'unix', path: dbSocket })
  const api = await runApi({
    ...surroundings,
    sight,
    db: { kind: 'unix', path: dbSocket },
    actors: auth.domain,
    cursorKey,
    baseUrl: () => settings.baseUrl ?? url,
  })
  const handlers = new Map([
    ...authCommands(auth.domain),
    ...directoryTransfer(auth.domain),
    ...recordTransfer(db.domain),
    ...doctorCommands(db.domain),
    ...directoryDoctorCommands(auth.domain),
    ...encryptionCommands(db.domain),
    ...chaosCommands(chaos),
  ])
  const control = await serveControl(await data.socketPath('control'), handlers, log)
  lifecycle.add('control socket', () => control[Symbol.asyncDispose]())

  const services = new Map([api.service, auth.service, db.service].map(service => [service.name, service]))
  const doors = { ...admission, risk: highestRisk([api.domain, auth.domain, db.domain]) }
  const server = await openDoors(settings, lifecycle, services, auth, doors, metrics)
  url = new URL(server.url).origin
  const note = await firstStart(settings, data, auth.domain, db.service)
  return `ready ${server.url} (${note}${metrics === undefined ? '' : `; metrics ${metrics.url}`})`
}

/** The gateway over its subgraphs, which it calls as functions. */
async function openDoors(
  settings: Settings,
  lifecycle: Lifecycle,
  services: ReadonlyMap<string, SubgraphService>,
  { domain: auth, sight, rights }: Awaited<ReturnType<typeof runAuth>>,
  admission: AdmissionOptions,
  metrics: ProcessMetrics | undefined,
): Promise<GatewayServer> {
  const observe = metrics?.gateway()
  const log = jsonLog({ level: settings.logLevel })
  const documents = await documentOptions(settings)
  const engine = createEngine({
    supergraph: fixedSupergraph(loadSupergraph(await schemaText('supergraph'))),
    subgraph: name => {
      const service = services.get(name)
      if (service === undefined)
        throw new EnneadError('SUPERGRAPH_INVALID', `there is no subgraph "${name}" here`)
      return localSubgraph(service)
    },
    ...operationOptions(settings),
    ...planningOptions(settings),
    observe,
    log,
  })
  lifecycle.add('engine', () => engine.close())
  await engine.ready()
  const record = await recorder(settings, lifecycle, log)
  const server = await startGatewayServer({
    engine,
    address: { host: settings.host, port: settings.port },
    identify: (token, signal, requestId) => auth.identify({ kind: 'bearer', token }, { signal, requestId }),
    rightsChanged: told => void rights.listen(told),
    identityLifeMs: settings.identityLifeMs,
    publicKeys: () => auth.jwks(),
    graphiql: settings.graphiql,
    origins: settings.allowedOrigins,
    limits: doorLimits(settings),
    documents,
    rateLimits: rateLimitOptions(settings, lifecycle),
    admission,
    health: async () => {
      const domains = [...services.values()].map(service => service.health())
      return { ready: domains.every(domain => domain.ready), domains }
    },
    observe,
    record,
    sight,
    log,
  })
  metrics?.readings(readingsOf(engine, server))
  lifecycle.add('doors', () => drain(server, settings))
  return server
}

/** Makes the demo when this is the first start; answers what the ready line says in parentheses. */
async function firstStart(
  { demo, data: folder }: Settings,
  data: DataFolder,
  auth: AuthDomain,
  db: SubgraphService,
): Promise<string> {
  if (!demo || !auth.administration.isEmpty()) return `data in ${folder}`
  const file = data.join('keys', 'demo-password')
  await createDemo(auth, db, file)
  const shown = join(folder, 'keys', 'demo-password')
  return `first start: demo user ${demoEmail}, password in ${shown}; access token: npx ennead token --user ${demoEmail}`
}
