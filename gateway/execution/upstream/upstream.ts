import type { Clock } from '../../../kernel/clock.ts'
import type { HopTarget } from '../../../kernel/hop-signer.ts'
import type { SubgraphContext, SubgraphRequest, SubgraphResponse } from '../subgraph.ts'

/** How the events of one subgraph's subscriptions come to us. */
export interface Upstream {
  /** Connects at the first `next`. A stream that breaks is thrown after the events that came before. */
  subscribe(request: SubgraphRequest, context: SubgraphContext): AsyncIterableIterator<SubgraphResponse>
  /** Ends what is open. */
  close(): Promise<void>
}

export interface UpstreamOptions {
  readonly subgraph: string
  readonly url: URL
  /** What is sent with a request besides its body. */
  readonly headers: (
    context: SubgraphContext,
    target: Omit<HopTarget, 'audience'>,
  ) => Readonly<Record<string, string>>
  /** Events of one subscription that may wait to be read. */
  readonly eventsMax: number
  /** Longest event. Bytes. */
  readonly eventBytesMax: number
  readonly clock: Clock
}
