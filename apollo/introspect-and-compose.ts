import { compose } from '../composition/compose.ts'
import { describeDiagnostic } from '../composition/render-diagnostic.ts'
import { introspectSubgraph } from '../composition/remote-schema.ts'
import { checkDuration } from '../kernel/check.ts'
import { systemClock } from '../kernel/clock.ts'
import type { Clock, Timer } from '../kernel/clock.ts'
import { EnneadError } from '../kernel/errors.ts'
import type { SupergraphManager, SupergraphSdlHookOptions } from './supergraph-manager.ts'

export interface IntrospectAndComposeOptions {
  readonly subgraphs: readonly { readonly name: string; readonly url: string }[]
  /** How often to ask again, in milliseconds. Default: never. */
  readonly pollIntervalInMs?: number
  /** Sent with each introspection. Default none. */
  readonly introspectionHeaders?: Readonly<Record<string, string>>
  /** Check that every subgraph answers before a supergraph is used. Default false. */
  readonly subgraphHealthCheck?: boolean
  /** Told why asking again failed. Default: nobody is. */
  readonly logger?: { error(message: string): void }
  readonly clock?: Clock
}

/** Asks running subgraphs for their schemas and composes them. For development: production composes before it deploys. */
export class IntrospectAndCompose implements SupergraphManager {
  readonly #options: IntrospectAndComposeOptions
  readonly #stopping = new AbortController()
  #timer: Timer | undefined

  constructor(options: IntrospectAndComposeOptions) {
    if (options.pollIntervalInMs !== undefined) checkDuration('pollIntervalInMs', options.pollIntervalInMs)
    this.#options = options
  }

  readonly initialize = async (
    hooks: SupergraphSdlHookOptions,
  ): Promise<{ supergraphSdl: string; cleanup: () => Promise<void> }> => {
    const supergraphSdl = await this.#composed(hooks)
    this.#again(hooks, supergraphSdl)
    return {
      supergraphSdl,
      cleanup: async () => {
        this.#stopping.abort()
        this.#timer?.cancel()
      },
    }
  }

  #again(hooks: SupergraphSdlHookOptions, known: string): void {
    const { pollIntervalInMs, clock = systemClock, logger } = this.#options
    if (pollIntervalInMs === undefined || this.#stopping.signal.aborted) return
    this.#timer = clock.after(pollIntervalInMs, () => {
      this.#composed(hooks).then(
        sdl => {
          if (sdl !== known && !this.#stopping.signal.aborted) hooks.update(sdl)
          this.#again(hooks, sdl)
        },
        (failure: unknown) => {
          logger?.error(`ennead: ${failure instanceof Error ? failure.message : String(failure)}`)
          this.#again(hooks, known)
        },
      )
    })
  }

  async #composed(hooks: SupergraphSdlHookOptions): Promise<string> {
    const { subgraphs, introspectionHeaders = {}, subgraphHealthCheck = false } = this.#options
    const { signal } = this.#stopping
    const sources = await Promise.all(
      subgraphs.map(async ({ name, url }) => {
        const sdl = await introspectSubgraph(url, introspectionHeaders, signal)
        return { name, routingUrl: url, sdl, file: url }
      }),
    )
    const result = compose(sources)
    if (!result.ok) {
      const why = result.diagnostics.slice(0, 5).map(describeDiagnostic).join('; ')
      throw new EnneadError('COMPOSITION_FAILED', `the subgraphs do not compose: ${why}`)
    }
    if (subgraphHealthCheck) await hooks.healthCheck(result.sdl)
    return result.sdl
  }
}
