import type { Supergraph } from './supergraph-facts.ts'

/** Everything is ready to serve a supergraph; exactly one of the two is called. */
export interface Considered {
  /** Serves it from now on. Synchronous: no request sees half a change. */
  commit(): void
  /** Lets go of what was made ready. */
  drop(): void
}

/** Makes ready to serve a supergraph. Rejects with the reason when it cannot be served; nothing has changed then. */
export type Consider = (candidate: Supergraph) => Promise<Considered>

/** Why what was offered last is not in use. */
export interface SupergraphRefusal {
  readonly reason: string
  /** Since when, ISO 8601. */
  readonly since: string
  readonly ageMs: number
}

/** What an operator wants to know of the supergraph in use. */
export interface SupergraphStatus {
  /** Where supergraphs come from, e.g. `file supergraph.graphql`; no credentials. */
  readonly from: string
  /** SHA-256 of the one in use; undefined while there has never been a good one. */
  readonly hash: string | undefined
  /** Since when it is in use, ISO 8601. */
  readonly since: string | undefined
  readonly ageMs: number | undefined
  readonly refused: SupergraphRefusal | undefined
  /** SHA-256 of those that `rollback` goes back to, the newest first. */
  readonly earlier: readonly string[]
}

/** Where the engine takes its supergraph from. */
export interface SupergraphSource {
  /** The one to use for new requests; undefined while there has never been a good one. */
  current(): Supergraph | undefined
  status(): SupergraphStatus
  /** From now on no other becomes current before `consider` has agreed. */
  considerBy(consider: Consider): void
  /** Stops watching. Idempotent. */
  close(): Promise<void>
}

/** A supergraph that never changes. */
export function fixedSupergraph(supergraph: Supergraph): SupergraphSource {
  const startedAt = Date.now()
  return {
    current: () => supergraph,
    status: () => ({
      from: 'memory',
      hash: supergraph.hash,
      since: new Date(startedAt).toISOString(),
      ageMs: Date.now() - startedAt,
      refused: undefined,
      earlier: [],
    }),
    considerBy: () => undefined,
    close: () => Promise.resolve(),
  }
}
