import { compose } from '../../composition/compose.ts'
import { renderDiagnostic } from '../../composition/render-diagnostic.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import type { Supergraph } from '../../gateway/supergraph/supergraph-facts.ts'

export const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@requires", "@provides", "@external", "@shareable", "@override", "@inaccessible", "@interfaceObject", "@tag",
  "@context", "@fromContext", "@cost", "@listSize", "@authenticated", "@requiresScopes", "@policy", "@composeDirective"
])`

const plainDisplay = { colour: false, width: undefined }

/** Supergraphs kept: the conformance suite has fewer. */
const keptMax = 200

const kept = new Map<string, Supergraph>()

/**
 * The supergraph of small subgraphs, composed and loaded once however many engines of a file stand on it: supergraphs never
 * change. Throws when they do not compose.
 */
export function composedForTest(definitions: Readonly<Record<string, { readonly sdl: string }>>): Supergraph {
  const sources = Object.entries(definitions).map(([name, { sdl }]) => ({
    name,
    routingUrl: `http://${name}.invalid/graphql`,
    sdl: `${federation}\n${sdl}`,
    file: `${name}.graphql`,
  }))
  const key = JSON.stringify(sources)
  const known = kept.get(key)
  if (known !== undefined) return known
  const result = compose(sources)
  if (!result.ok)
    throw new Error(result.diagnostics.map(found => renderDiagnostic(found, plainDisplay)).join('\n'))
  const supergraph = loadSupergraph(result.sdl)
  kept.set(key, supergraph)
  for (const oldest of kept.keys()) {
    if (kept.size <= keptMax) break
    kept.delete(oldest)
  }
  return supergraph
}

/** Lets go of a supergraph that no engine will be built on again. */
export function forgetComposed(supergraph: Supergraph): void {
  for (const [key, each] of kept) if (each === supergraph) kept.delete(key)
}
