import { createEngine } from '../../gateway/create-engine.ts'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { watchSupergraphFile } from '../../gateway/supergraph/supergraph-file.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import { readSettings, type SettingsOf } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { readHopSigner } from '../hop-secret.ts'
import { Lifecycle, stopAsked } from '../lifecycle.ts'
import { gatewaySettings } from '../settings.ts'
import { admissionOptions } from '../wiring/admission.ts'
import { identifyBy } from '../wiring/identity.ts'
import { doorLimits, operationOptions } from '../wiring/limits.ts'
import { subgraphUrls } from '../wiring/subgraph-urls.ts'

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
    const lifecycle = new Lifecycle(jsonLog({ level: settings.logLevel }))
    try {
      await serve(settings, lifecycle)
      await stopAsked()
    } finally {
      await lifecycle.close()
    }
    return exitCodes.done
  },
}

async function serve(settings: Settings, lifecycle: Lifecycle): Promise<void> {
  if (settings.supergraph === undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      '--supergraph is needed: the file with the supergraph schema to serve',
    )
  }
  const log = jsonLog({ level: settings.logLevel })
  const signer = await readHopSigner(settings)
  const urls = subgraphUrls(settings.subgraphUrls)
  const supergraph = await watchSupergraphFile(settings.supergraph, { log })
  const engine = createEngine({
    supergraph,
    subgraph: (name, url) =>
      httpSubgraph({ name, url: urls.get(name) ?? url, ...(signer === undefined ? {} : { signer }) }),
    ...operationOptions(settings),
    log,
  })
  lifecycle.add('engine', () => engine.close())
  const server = await startGatewayServer({
    engine,
    address: { host: settings.host, port: settings.port },
    identify: identifyBy(settings.identityUrl, signer, lifecycle),
    ...(settings.forwardHeaders.length === 0 ? {} : { forwardHeaders: settings.forwardHeaders }),
    identityLifeMs: settings.identityLifeMs,
    graphiql: settings.graphiql,
    origins: settings.allowedOrigins,
    limits: doorLimits(settings),
    admission: admissionOptions(settings),
    log,
  })
  lifecycle.add('doors', () => server.close(settings.drainMs))
  process.stdout.write(`ready ${server.url} (supergraph ${settings.supergraph})\n`)
}
