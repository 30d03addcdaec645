import type { SupergraphFeed } from '../gateway/supergraph/supergraph-feed.ts'
import type { GraphQLDataSource } from './data-source.ts'

export interface SupergraphSdlHookOptions {
  /** Offers another supergraph; a bad one is refused and logged, and the last good one stays. */
  readonly update: (supergraphSdl: string) => void
  /** Rejects unless every subgraph of the supergraph answers. */
  readonly healthCheck: (supergraphSdl: string) => Promise<void>
  /** The data source that `buildService` makes. */
  readonly getDataSource: (endpoint: { readonly name: string; readonly url?: string }) => GraphQLDataSource
}

export type SupergraphSdlHook = (options: SupergraphSdlHookOptions) => Promise<{
  readonly supergraphSdl: string
  readonly cleanup?: () => Promise<void>
}>

/** Where supergraphs come from, as in @apollo/gateway; its managers work here. */
export interface SupergraphManager {
  initialize: SupergraphSdlHook
}

/** A supergraph that never changes, a manager, or a hook. */
export type SupergraphSdl = string | SupergraphManager | SupergraphSdlHook

/** What a manager offers. */
export async function managedFeed(
  from: SupergraphSdl,
  tools: Omit<SupergraphSdlHookOptions, 'update'>,
): Promise<SupergraphFeed & { cleanup(): Promise<void> }> {
  let offered = typeof from === 'string' ? from : ''
  let cleanup: (() => Promise<void>) | undefined
  let changed: () => void = () => undefined
  if (typeof from !== 'string') {
    const hook: SupergraphSdlHook = typeof from === 'function' ? from : options => from.initialize(options)
    let early: string | undefined
    const update = (sdl: string): void => {
      early = sdl
      offered = sdl
      changed()
    }
    const begun = await hook({ ...tools, update })
    offered = early ?? begun.supergraphSdl
    cleanup = begun.cleanup
  }
  return {
    name: typeof from === 'string' ? 'the supergraphSdl given' : 'its supergraph manager',
    read: () => Promise.resolve(offered),
    watch: told => void (changed = told),
    close: () => undefined,
    cleanup: async () => cleanup?.(),
  }
}
