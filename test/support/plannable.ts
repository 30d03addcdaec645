import type { PlannableSupergraph, Supergraph } from '../../gateway/supergraph/supergraph-facts.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'

/** A supergraph that planners of this process can use. Those that were loaded in it are. */
export function plannable(supergraph: Supergraph): PlannableSupergraph {
  return isPlannable(supergraph) ? supergraph : loadSupergraph(supergraph.sdl)
}

function isPlannable(supergraph: Supergraph): supergraph is PlannableSupergraph {
  return 'apollo' in supergraph
}
