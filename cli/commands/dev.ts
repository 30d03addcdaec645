import { access } from 'node:fs/promises'
import type { Composition } from '../../composition/compose-from-config.ts'
import type { SubgraphSource } from '../../composition/subgraph-source.ts'
import { watchComposition } from '../../composition/watch-composition.ts'
import { createEngine } from '../../gateway/create-engine.ts'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import type { LiveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { jsonLog } from '../../kernel/log.ts'
import type { Log } from '../../kernel/log.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { SettingsOf } from '../../kernel/settings.ts'
import type { Command } from '../command.ts'
import { composedLine, failedLine, reportDiagnostics } from '../composition-report.ts'
import { exitCodes } from '../failure.ts'
import { helpText } from '../help.ts'
import { Lifecycle, stopAsked } from '../lifecycle.ts'
import { Progress, progressText } from '../progress.ts'
import { devSettings } from '../settings.ts'
import { terminalOf } from '../terminal.ts'
import { composeApart } from '../wiring/compose-apart.ts'
import { CompositionFeed } from '../wiring/composition-feed.ts'
import { planningOptions } from '../wiring/planning.ts'
import { subgraphUrls } from '../wiring/subgraph-urls.ts'

const summary = 'For development: composes, serves, and does both again whenever a schema changes.'

const examples = [
  ['ennead dev', 'serves supergraph.yaml at http://localhost:4000/graphql'],
  ['ennead dev --config shop.yaml --port 4100', 'another configuration, another port'],
  ['ennead dev --override-labels beta', 'as those see it for whom the label is active'],
  ['ennead dev --subgraph-urls reviews=http://localhost:4002/graphql', 'one subgraph from this machine'],
] as const

type Settings = SettingsOf<typeof devSettings>

export const dev: Command = {
  summary,
  async run(argv) {
    const help = helpText(argv, 'dev [flags]', summary, devSettings, examples)
    if (help !== undefined) {
      process.stdout.write(help)
      return exitCodes.done
    }
    const settings = readSettings(devSettings, argv, process.env)
    await access(settings.config).catch((cause: unknown) => {
      throw new EnneadError('SCHEMA_UNREADABLE', `there is no ${settings.config}; name it with --config`, {
        cause,
      })
    })
    const stop = stopAsked()
    const lifecycle = new Lifecycle(jsonLog({ level: settings.logLevel }))
    try {
      const session = new DevSession(settings)
      lifecycle.add('watch', () => session.stopWatching())
      const ended = session.watch()
      await Promise.race([ended, session.composedOnce, stop])
      await serve(settings, session, lifecycle)
      await Promise.race([ended, stop])
    } finally {
      await lifecycle.close()
    }
    return exitCodes.done
  },
}

/** What composes now and again, and what is wrong at the moment. */
class DevSession {
  readonly feed: CompositionFeed
  readonly composedOnce: Promise<void>
  /** Of the supergraph in use. What does not compose was shown already; what the gateway itself refuses is news. */
  readonly log: Log
  readonly #settings: Settings
  readonly #stop = new AbortController()
  readonly #progress = new Progress(terminalOf(process.stderr, process.env), part =>
    process.stderr.write(part),
  )
  #told: () => void = () => undefined
  #latest: Composition | undefined

  constructor(settings: Settings) {
    this.#settings = settings
    this.feed = new CompositionFeed(settings.config)
    const own = jsonLog({ level: settings.logLevel })
    this.log = {
      ...own,
      error: (event, facts) => {
        if (this.#latest?.ok === true) own.error(event, facts)
      },
    }
    this.composedOnce = new Promise(resolve => {
      this.#told = resolve
    })
  }

  watch(): Promise<void> {
    const { config, pollMs } = this.#settings
    const options = {
      environment: process.env,
      remotePollMs: pollMs,
      compose: (sources: readonly SubgraphSource[]) => {
        this.#progress.show(progressText(sources.length, sources.length))
        return composeApart(sources)
      },
      // Later readings are looks at servers that nobody waits for.
      progress: (done: number, of: number) => {
        if (this.#latest === undefined) this.#progress.show(progressText(done, of))
      },
      signal: this.#stop.signal,
    }
    return watchComposition(config, options, composition => {
      this.#latest = composition
      this.#progress.clear()
      this.#report(composition)
      this.feed.offer(composition)
      this.#told()
    })
  }

  /** What keeps the newest schemas from being served, for GraphiQL. */
  problems(live: LiveSupergraph): string | undefined {
    const latest = this.#latest
    if (latest?.ok === false) {
      const shown = reportDiagnostics(
        latest.diagnostics,
        { colour: false, width: 100, interactive: false },
        'none',
      )
      return `${shown}\n${failedLine(latest, this.#settings.config)}`
    }
    return live.status().refused?.reason
  }

  stopWatching(): void {
    this.#stop.abort()
  }

  #report(composition: Composition): void {
    const { config, hints } = this.#settings
    const terminal = terminalOf(process.stderr, process.env)
    const shown = reportDiagnostics(composition.diagnostics, terminal, hints)
    process.stderr.write(shown === '' ? '' : `${shown}\n`)
    if (composition.ok) process.stderr.write(`${composedLine(composition, config)}\n`)
    else process.stderr.write(failedLine(composition, config))
  }
}

async function serve(settings: Settings, session: DevSession, lifecycle: Lifecycle): Promise<void> {
  const log = jsonLog({ level: settings.logLevel })
  const urls = subgraphUrls(settings.subgraphUrls)
  const supergraph = await liveSupergraph(session.feed, { withoutFirst: 'wait', log: session.log })
  const engine = createEngine({
    supergraph,
    subgraph: (name, url) => httpSubgraph({ name, url: urls.get(name)?.[0] ?? url }),
    canary: { mode: 'off' },
    ...planningOptions(settings),
    maskErrors: false,
    log,
  })
  lifecycle.add('engine', () => engine.close())
  await engine.ready()
  const { host, port, requestTimeoutMs, mutationTimeoutMs, forwardHeaders, allowedOrigins } = settings
  const server = await startGatewayServer({
    engine,
    address: { host, port },
    ...(forwardHeaders.length === 0 ? {} : { forwardHeaders }),
    origins: allowedOrigins,
    limits: { requestTimeoutMs, mutationTimeoutMs },
    problems: () => session.problems(supergraph),
    log,
  })
  lifecycle.add('doors', () => server.close(settings.drainMs))
  process.stdout.write(`ready ${server.url} (${settings.config}, composed again on every change)\n`)
}
