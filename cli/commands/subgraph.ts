import { Chaos } from '../../dispatch/chaos/chaos.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import { jsonLog } from '../../kernel/log.ts'
import { readSettings, type SettingsOf } from '../../kernel/settings.ts'
import type { FollowedTls } from '../../kernel/tls/followed-tls.ts'
import { RemoteActorDirectory } from '../../subgraphs/auth/remote.ts'
import type { SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import type { Command } from '../command.ts'
import { chaosCommands } from '../chaos-commands.ts'
import { authCommands } from '../control-commands.ts'
import { serveControl, type ControlHandlers } from '../control.ts'
import { openDataFolder } from '../data-folder.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { followHopSecrets, secretsOf } from '../hop-secret.ts'
import { Lifecycle, stopAsked } from '../lifecycle.ts'
import { subgraphSettings } from '../settings.ts'
import { encryptionCommands } from '../encryption/encryption-commands.ts'
import { directoryDoctorCommands, doctorCommands } from '../doctor/doctor-commands.ts'
import { directoryTransfer, recordTransfer } from '../transfer/transfer-commands.ts'
import { cursorKeyOf } from '../wiring/cursor-key.ts'
import { openMetrics } from '../wiring/metrics.ts'
import { ownTls, tlsUrl } from '../wiring/own-tls.ts'
import { sightingsToAuth } from '../wiring/sightings.ts'
import { runApi, runAuth, runDb, type Surroundings } from '../wiring/task-graph.ts'

const summary = 'Runs one subgraph (api, auth or db) for a deployment of several processes.'
const ports = { api: 4001, auth: 4002, db: 4003 } as const

type Settings = SettingsOf<typeof subgraphSettings>
type Name = keyof typeof ports

/** Who asks whom in a deployment. */
const callers = { api: ['gateway'], db: ['gateway', 'api'], auth: ['gateway', 'api', 'db'] } as const

export const subgraph: Command = {
  summary,
  async run(argv) {
    const usage = 'subgraph api|auth|db [flags]'
    const help = helpText(argv, usage, summary, subgraphSettings)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const [name, ...rest] = argv
    if (name !== 'api' && name !== 'auth' && name !== 'db') {
      throw new EnneadError('BAD_OPTION', `which subgraph? ennead ${usage}`)
    }
    const settings = readSettings(subgraphSettings, rest, process.env)
    const stop = stopAsked()
    const lifecycle = new Lifecycle(jsonLog({ level: settings.logLevel }))
    try {
      const line = await serve(name, settings, lifecycle)
      process.stdout.write(`${line}\n`)
      await stop
    } finally {
      await lifecycle.close()
    }
    return exitCodes.done
  },
}

async function serve(name: Name, settings: Settings, lifecycle: Lifecycle): Promise<string> {
  const log = jsonLog({ level: settings.logLevel })
  const data = await openDataFolder(settings.data, [name])
  lifecycle.add('data folder', () => data[Symbol.asyncDispose]())
  const given = settings.hopSecret
  const secrets = given === undefined ? await data.hopSecrets() : secretsOf(given, '--hop-secret')
  const signer = new HopSigner(secrets)
  if (given === undefined) lifecycle.add('hop secrets', followHopSecrets(data.hopSecretFile, signer, { log }))
  const chaos = settings.chaos ? new Chaos() : undefined
  const metrics = await openMetrics(settings, lifecycle, log)
  const createDispatcher = metrics?.dispatchers(chaos?.createDispatcher) ?? chaos?.createDispatcher
  const tls = await ownTls(settings, lifecycle, log)
  if (tls !== undefined) metrics?.certificates([tls])
  const surroundings = { settings, data, signer, lifecycle, log, createDispatcher, chaos, tls, metrics }
  const service = await runSubgraph(name, surroundings, settings, secrets[0])
  const port = settings.port === -1 ? ports[name] : settings.port
  const address = await service.listen(
    { kind: 'tcp', host: settings.host, port },
    tls && { tls, callers: callersOf(name, settings) },
  )
  const scheme = tls === undefined ? 'http' : 'https'
  const shown =
    address.kind === 'tcp' ? `${scheme}://${shownHost(address.host)}:${address.port}/graphql` : address.path
  return `ready ${shown} (subgraph ${name}, data in ${settings.data})`
}

interface SubgraphSurroundings extends Surroundings {
  /** Undefined without `--chaos`. */
  readonly chaos: Chaos | undefined
  /** Undefined: plain HTTP between processes. */
  readonly tls: FollowedTls | undefined
}

async function runSubgraph(
  name: Name,
  surroundings: SubgraphSurroundings,
  settings: Settings,
  secret: Buffer,
): Promise<SubgraphService> {
  const { signer, lifecycle, tls } = surroundings
  const cursorKey = cursorKeyOf(secret)
  if (name === 'auth') {
    const auth = await runAuth({ ...surroundings, cursorKey })
    const commands = new Map([
      ...authCommands(auth.domain),
      ...directoryTransfer(auth.domain),
      ...directoryDoctorCommands(auth.domain),
    ])
    await openControl('control', surroundings, commands)
    return auth.service
  }
  const authUrl = tlsUrl(needed('--auth-url', settings.authUrl), '--auth-url', tls)
  const authTls = tls && { tls, holder: 'auth' }
  const actors = new RemoteActorDirectory({ url: authUrl, signer, tls: authTls })
  lifecycle.add('actor directory', () => actors.close())
  const sight = sightingsToAuth(authUrl, signer, authTls, surroundings)
  if (name === 'db') {
    const db = await runDb({ ...surroundings, sight }, actors)
    const commands = new Map([
      ...recordTransfer(db.domain),
      ...doctorCommands(db.domain),
      ...encryptionCommands(db.domain),
    ])
    await openControl('control-db', surroundings, commands)
    return db.service
  }
  await openControl('control-api', surroundings)
  const api = await runApi({
    ...surroundings,
    sight,
    db: {
      kind: 'tcp',
      url: tlsUrl(needed('--db-url', settings.dbUrl), '--db-url', tls),
      tls: tls && { tls, holder: 'db' },
    },
    actors,
    cursorKey,
    baseUrl: () => settings.baseUrl ?? 'http://localhost:4000',
  })
  return api.service
}

async function openControl(
  name: string,
  { data, lifecycle, log, chaos }: SubgraphSurroundings,
  commands: ControlHandlers = new Map(),
): Promise<void> {
  const handlers = new Map([...commands, ...chaosCommands(chaos)])
  const control = await serveControl(await data.socketPath(name), handlers, log)
  lifecycle.add('control socket', () => control[Symbol.asyncDispose]())
}

function callersOf(name: Name, { tlsCallers }: Settings): readonly string[] {
  return tlsCallers.length === 0 ? callers[name] : tlsCallers
}

function needed(flag: string, value: string | undefined): string {
  if (value === undefined) throw new EnneadError('BAD_OPTION', `${flag} is needed by this subgraph`)
  return value
}

function shownHost(host: string): string {
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host
}
