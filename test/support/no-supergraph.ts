import type { SupergraphStatus } from '../../gateway/supergraph/supergraph-source.ts'

/** What an engine says that has no supergraph at all. */
export const noSupergraph: SupergraphStatus = {
  from: 'nowhere',
  hash: undefined,
  since: undefined,
  ageMs: undefined,
  refused: undefined,
  earlier: [],
}
