import { createHash } from 'node:crypto'
import { readSources } from '../../composition/read-sources.ts'
import type { Sources } from '../../composition/read-sources.ts'
import type { KnownAnswers } from '../../composition/remote-schema.ts'
import { PollPace } from '../../gateway/supergraph/poll-pace.ts'
import type { SupergraphFeed } from '../../gateway/supergraph/supergraph-feed.ts'
import { watchedFiles } from '../../gateway/supergraph/watched-files.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { Timer } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { composeApart, notComposed } from './compose-apart.ts'

export interface ComposedFeedOptions {
  /** How often other servers are asked for their schemas, in milliseconds, give or take a tenth. */
  readonly pollMs: number
  readonly log: Log
}

/** The longest pause after servers that did not answer, milliseconds. */
const pauseMsMax = 300_000

/**
 * Supergraphs composed of what a `supergraph.yaml` names, apart from the requests being served: again whenever the
 * configuration or a file it names changes, and whenever another server answers another schema.
 */
export function composedFeed(config: string, options: ComposedFeedOptions): SupergraphFeed {
  return new ComposedFeed(config, options)
}

class ComposedFeed implements SupergraphFeed {
  readonly name: string
  readonly #config: string
  readonly #files: SupergraphFeed
  readonly #pace: PollPace
  readonly #closing = new AbortController()
  readonly #known: KnownAnswers = new Map()
  #remote = false
  #changed: (() => void) | undefined
  #timer: Timer | undefined
  #composed: { readonly hash: string; readonly sdl: string } | undefined

  constructor(config: string, { pollMs, log }: ComposedFeedOptions) {
    this.name = `composition ${config}`
    this.#config = config
    this.#pace = new PollPace({ pollMs, pauseMsMax, random: Math.random })
    this.#files = watchedFiles(this.name, uses => this.#compose(uses), { log })
  }

  async read(): Promise<string> {
    this.#timer?.cancel()
    try {
      return await this.#files.read()
    } finally {
      this.#again()
    }
  }

  watch(changed: () => void): void {
    this.#changed = changed
    this.#files.watch(changed)
    this.#again()
  }

  close(): void {
    this.#closing.abort(new EnneadError('CANCELLED', 'the gateway stops'))
    this.#timer?.cancel()
    this.#files.close()
  }

  #again(): void {
    this.#timer?.cancel()
    const changed = this.#changed
    if (changed === undefined || !this.#remote || this.#closing.signal.aborted) return
    this.#timer = systemClock.after(this.#pace.pauseMs(), changed)
  }

  async #compose(uses: (path: string) => void): Promise<string> {
    const sources = await readSources(this.#config, {
      environment: process.env,
      signal: this.#closing.signal,
      known: this.#known,
    })
    this.#remote = sources.remote
    for (const file of sources.files) uses(file)
    if (!sources.ok) {
      if (sources.because === 'sources') this.#pace.failed()
      throw notComposed(sources.diagnostics)
    }
    this.#pace.answered()
    const hash = hashOf(sources)
    // Servers are asked far more often than they change, and composing takes a second.
    if (hash === this.#composed?.hash) return this.#composed.sdl
    const result = await composeApart(sources.sources)
    if (!result.ok) throw notComposed(result.diagnostics)
    this.#composed = { hash, sdl: result.sdl }
    return result.sdl
  }
}

function hashOf({ sources }: Sources & { readonly ok: true }): string {
  return createHash('sha256').update(JSON.stringify(sources)).digest('base64')
}
