import { buildSchema, GraphQLError } from 'graphql'
import type { SchemaVersion } from '../../checks/run-check.ts'
import type { SchemaSource } from '../../checks/places/schema-source.ts'
import { composeSources } from '../../composition/compose-from-config.ts'
import type { Composition } from '../../composition/compose-from-config.ts'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import { readSources } from '../../composition/read-sources.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import type { PlannableSupergraph } from '../../gateway/supergraph/supergraph-facts.ts'
import { EnneadError } from '../../kernel/errors.ts'

/** A version of a graph; with a supergraph, plans can be made for it. */
export interface Graph extends SchemaVersion {
  readonly supergraph: PlannableSupergraph | undefined
  /** What composition said besides errors; undefined: it was not composed here. */
  readonly hints: readonly Diagnostic[] | undefined
}

export type ComposedGraph =
  | { readonly ok: true; readonly graph: Graph }
  | { readonly ok: false; readonly failure: Composition & { readonly ok: false } }

/** @param nameOf What people are told of a file that the configuration names. */
export async function composedGraph(
  config: string,
  nameOf: (file: string) => string,
  progress?: (done: number, of: number) => void,
): Promise<ComposedGraph> {
  const read = await readSources(config, {
    environment: process.env,
    ...(progress === undefined ? {} : { progress }),
  })
  const composition = await composeSources(read)
  if (!composition.ok) return { ok: false, failure: composition }
  const supergraph = loadSupergraph(composition.sdl)
  // What composes was read.
  const subgraphs = read.ok ? read.sources : []
  const sources = subgraphs.map(({ name, sdl, file }) => ({
    subgraph: name,
    file: nameOf(file),
    sdl,
    derived: false,
  }))
  const { diagnostics: hints } = composition
  return { ok: true, graph: { schema: supergraph.apiSchema, sources, supergraph, hints } }
}

/** A graph from one text: a composed supergraph, or a schema as clients see it. Throws BASELINE_UNREADABLE. */
export function graphOfText(sdl: string, file: string): Graph {
  try {
    if (sdl.includes('join__Graph')) {
      const supergraph = loadSupergraph(sdl)
      const sources = subgraphsOf(supergraph, file)
      return { schema: supergraph.apiSchema, sources, supergraph, hints: undefined }
    }
    const source: SchemaSource = { subgraph: undefined, file, sdl, derived: false }
    return { schema: buildSchema(sdl), sources: [source], supergraph: undefined, hints: undefined }
  } catch (cause) {
    const place = cause instanceof GraphQLError ? cause.locations?.[0] : undefined
    const at = place === undefined ? file : `${file}:${place.line}:${place.column}`
    const reason = cause instanceof Error ? cause.message : 'it cannot be read'
    throw new EnneadError('BASELINE_UNREADABLE', `${at}: ${reason}`, { cause })
  }
}

/** What each subgraph declared, as far as a supergraph still tells. */
function subgraphsOf({ apollo }: PlannableSupergraph, file: string): readonly SchemaSource[] {
  return [...apollo.subgraphs()].map(subgraph => ({
    subgraph: subgraph.name,
    file,
    sdl: subgraph.toString(),
    derived: true,
  }))
}
