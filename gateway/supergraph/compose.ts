import { composeServices } from '@apollo/composition'
import type { CompositionSuccess } from '@apollo/composition'
import { GraphQLError, parse, Source } from 'graphql'
import type { DocumentNode } from 'graphql'
import { readComposeConfig } from './compose-config.ts'
import type { SubgraphSource } from './compose-config.ts'

/** Something composition has to say; `file`, `line` and `column` point into a subgraph's schema where they are known. */
export interface CompositionMessage {
  /** Code of Apollo's composition, e.g. `INVALID_FIELD_SHARING`; see their error and hint reference. */
  readonly code: string
  readonly message: string
  readonly subgraph?: string
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

export type ComposeResult =
  | { readonly ok: true; readonly sdl: string; readonly hints: readonly CompositionMessage[] }
  | { readonly ok: false; readonly errors: readonly CompositionMessage[] }

/** Hints of Apollo's composition that are mistakes: a misspelt `@override(from:)` leaves both subgraphs serving. */
const fatalHints: ReadonlySet<string> = new Set(['FROM_SUBGRAPH_DOES_NOT_EXIST'])

/**
 * Composes the subgraphs that `path` (a `supergraph.yaml`) names. The same files give the same bytes. Throws
 * COMPOSITION_FAILED when the configuration or a file cannot be read; what is wrong with the schemas is in the result.
 */
export async function composeFromConfig(path: string): Promise<ComposeResult> {
  return compose(await readComposeConfig(path))
}

/** Composes schemas by Apollo's composition, which is the authority on what a supergraph means. */
export function compose(sources: readonly SubgraphSource[]): ComposeResult {
  // Order must not depend on how the configuration lists them, or two machines make two supergraphs.
  const sorted = [...sources].sort((a, b) => (a.name < b.name ? -1 : 1))
  const files = new Map(sorted.map(source => [source.name, source.file]))
  const services: { name: string; url: string; typeDefs: DocumentNode }[] = []
  const errors: CompositionMessage[] = []
  for (const { name, routingUrl, sdl, file } of sorted) {
    try {
      services.push({ name, url: routingUrl, typeDefs: parse(new Source(sdl, name)) })
    } catch (failure) {
      if (!(failure instanceof GraphQLError)) throw failure
      errors.push({
        code: 'INVALID_GRAPHQL',
        message: failure.message,
        subgraph: name,
        file,
        ...placeOf(failure),
      })
    }
  }
  if (errors.length > 0) return { ok: false, errors }
  const result = composeServices(services)
  if (result.errors !== undefined) {
    return { ok: false, errors: result.errors.map(error => ofError(error, files)) }
  }
  const hints = result.hints.map(hint => ofHint(hint, files))
  const fatal = hints.filter(hint => fatalHints.has(hint.code))
  if (fatal.length > 0) return { ok: false, errors: fatal }
  return { ok: true, sdl: `${result.supergraphSdl.trimEnd()}\n`, hints }
}

/** One line for people: `schema/db.graphql:12:3: [db] INVALID_GRAPHQL: …`. */
export function describeMessage(message: CompositionMessage): string {
  const { file, line, column, subgraph } = message
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}:${column ?? 1}`}: `
  return `${place}${subgraph === undefined ? '' : `[${subgraph}] `}${message.code}: ${message.message}`
}

function ofError(error: GraphQLError, files: ReadonlyMap<string, string>): CompositionMessage {
  const code = error.extensions['code']
  return {
    code: typeof code === 'string' ? code : 'COMPOSITION_FAILED',
    message: error.message,
    ...ofNode(error.nodes?.[0], files),
  }
}

function ofHint(
  hint: CompositionSuccess['hints'][number],
  files: ReadonlyMap<string, string>,
): CompositionMessage {
  return { code: hint.definition.code, message: hint.message, ...ofNode(hint.nodes?.[0], files) }
}

type Place = Pick<CompositionMessage, 'subgraph' | 'file' | 'line' | 'column'>

function ofNode(node: unknown, files: ReadonlyMap<string, string>): Place {
  if (typeof node !== 'object' || node === null) return {}
  // Composition adds `subgraph` to the nodes of most messages; `loc` is graphql-js's, its source named after the subgraph.
  const given = node as {
    subgraph?: string
    loc?: { source?: { name: string }; startToken?: { line: number; column: number } }
  }
  const { loc } = given
  const source = loc?.source?.name
  const subgraph = given.subgraph ?? (source !== undefined && files.has(source) ? source : undefined)
  const file = subgraph === undefined ? undefined : files.get(subgraph)
  const start = loc?.startToken
  return {
    ...(subgraph === undefined ? {} : { subgraph }),
    ...(file === undefined ? {} : { file }),
    ...(start === undefined || start.line === 0 ? {} : { line: start.line, column: start.column }),
  }
}

function placeOf(error: GraphQLError): Place {
  const place = error.locations?.[0]
  return place === undefined ? {} : { line: place.line, column: place.column }
}
