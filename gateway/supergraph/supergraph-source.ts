import type { Supergraph } from './supergraph.ts'

/** Where the engine takes its supergraph from. */
export interface SupergraphSource {
  /** The one to use for new requests; undefined while there has never been a good one. */
  current(): Supergraph | undefined
  /** Why what was offered last was not taken; undefined when it was. */
  refused(): string | undefined
  /** Stops watching. Idempotent. */
  close(): Promise<void>
}

/** A supergraph that never changes. */
export function fixedSupergraph(supergraph: Supergraph): SupergraphSource {
  return {
    current: () => supergraph,
    refused: () => undefined,
    close: () => Promise.resolve(),
  }
}
