import { loadApart } from '../../gateway/supergraph/load-apart.ts'
import { liveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import type { LiveSupergraph } from '../../gateway/supergraph/live-supergraph.ts'
import type { Supergraph } from '../../gateway/supergraph/supergraph-facts.ts'
import { supergraphFile } from '../../gateway/supergraph/supergraph-file.ts'
import { supergraphUrl } from '../../gateway/supergraph/supergraph-url.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { composedFeed } from './composed-feed.ts'

export interface SupergraphPlace {
  /** A file with SDL, `http://…`, or a `….yaml` to compose. */
  readonly supergraph: string | undefined
  /** `name: value`, for a URL. */
  readonly supergraphHeader: string | undefined
  readonly supergraphPollMs: number
}

/**
 * The supergraph a gateway serves, followed for as long as it runs. A file or a composition must be good at the start; a
 * registry may be down then, and the gateway is not ready until it has answered. Throws BAD_OPTION, SUPERGRAPH_INVALID
 * or COMPOSITION_FAILED.
 * @param taken Told of each one that is in use from then on.
 */
export function followSupergraph(
  place: SupergraphPlace,
  log: Log,
  taken: (supergraph: Supergraph) => void = () => undefined,
): Promise<LiveSupergraph> {
  const { supergraph: where, supergraphHeader, supergraphPollMs } = place
  if (where === undefined) {
    throw new EnneadError(
      'BAD_OPTION',
      '--supergraph is needed: a file with the supergraph schema, its URL, or a supergraph.yaml',
    )
  }
  if (/^https?:\/\//.test(where)) {
    const headers = headerOf(supergraphHeader)
    const feed = supergraphUrl({ url: where, headers, pollMs: supergraphPollMs })
    return liveSupergraph(feed, { withoutFirst: 'wait', load: loadApart, taken, log })
  }
  const feed = /\.ya?ml$/.test(where)
    ? composedFeed(where, { pollMs: supergraphPollMs, log })
    : supergraphFile(where, { log })
  return liveSupergraph(feed, { load: loadApart, taken, log })
}

function headerOf(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {}
  const [, name, value] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):\s*([\x20-\x7e]+)$/.exec(text) ?? []
  if (name === undefined || value === undefined) {
    throw new EnneadError('BAD_OPTION', '--supergraph-header is not of the form name: value')
  }
  return { [name.toLowerCase()]: value.trim() }
}
