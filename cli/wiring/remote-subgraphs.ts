import { cascadeRisk } from '../../dispatch/risk.ts'
import { guardedSubgraph } from '../../gateway/execution/guarded-subgraph.ts'
import type { GuardedSubgraph } from '../../gateway/execution/guarded-subgraph.ts'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import type { ConnectSubgraph } from '../../gateway/execution/subgraphs.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { TlsOfSubgraph } from './subgraph-tls.ts'
import { subgraphUrls, subscriptionUrls } from './subgraph-urls.ts'

export interface RemoteSubgraphSettings {
  readonly subgraphUrls: readonly string[]
  readonly subscriptionUrls: readonly string[]
  readonly subgraphTimeoutMs: number
  readonly subgraphFailureCodes: readonly string[]
}

/** The ways to subgraphs that run elsewhere, each behind its breakers, and how near the fullest of them is to a cascade. */
export function remoteSubgraphs(
  settings: RemoteSubgraphSettings,
  signer: HopSigner | undefined,
  tls: TlsOfSubgraph = () => undefined,
): { readonly connect: ConnectSubgraph; readonly risk: () => number } {
  const urls = subgraphUrls(settings.subgraphUrls)
  const eventUrls = subscriptionUrls(settings.subscriptionUrls)
  const made = new Map<string, GuardedSubgraph>()
  const { subgraphTimeoutMs: timeoutMs, subgraphFailureCodes } = settings
  return {
    connect(name, url) {
      const ways = (urls.get(name) ?? [url]).map(place =>
        httpSubgraph({
          name,
          url: place,
          eventsUrl: eventUrls.get(name),
          tls: tls(name),
          ...(signer === undefined ? {} : { signer }),
        }),
      )
      const codes = subgraphFailureCodes.length === 0 ? {} : { failureCodes: subgraphFailureCodes }
      const subgraph = guardedSubgraph({ name, ways, timeoutMs, ...codes })
      made.set(name, subgraph)
      return subgraph
    },
    risk: () => Math.max(0, ...Array.from(made.values(), subgraph => cascadeRisk(subgraph.usage()))),
  }
}
