import { compose } from './compose.ts'
import type { ComposeResult } from './compose.ts'
import { EnneadError } from '../kernel/errors.ts'
import { compareDiagnostics } from './diagnostic.ts'
import type { Diagnostic } from './diagnostic.ts'
import { readSources } from './read-sources.ts'
import type { ReadSourcesOptions, Sources, SourcesSeen } from './read-sources.ts'
import type { SubgraphSource } from './subgraph-source.ts'

/** What came of a configuration. */
export type Composition = SourcesSeen &
  (
    | { readonly ok: true; readonly sdl: string; readonly diagnostics: readonly Diagnostic[] }
    | {
        readonly ok: false
        /** The configuration is wrong; something it names cannot be read; the schemas do not compose. */
        readonly because: 'configuration' | 'sources' | 'schemas'
        readonly diagnostics: readonly Diagnostic[]
      }
  )

/** Composes what a `supergraph.yaml` names. The same schemas give the same bytes. What is wrong is in the result. */
export async function composeFromConfig(
  path: string,
  options: ReadSourcesOptions = {},
): Promise<Composition> {
  return composeSources(await readSources(path, options))
}

/** Composes schemas where they are, or, since it takes its time, in another thread. */
export type ComposeSchemas = (sources: readonly SubgraphSource[]) => ComposeResult | Promise<ComposeResult>

/** Composes what was read. */
export async function composeSources(
  sources: Sources,
  composeSchemas: ComposeSchemas = compose,
): Promise<Composition> {
  const { files, remote } = sources
  if (!sources.ok)
    return { ok: false, because: sources.because, diagnostics: sources.diagnostics, files, remote }
  const result = await Promise.resolve(sources.sources).then(composeSchemas).catch(broken)
  const diagnostics = [...sources.diagnostics, ...result.diagnostics].sort(compareDiagnostics)
  return result.ok
    ? { ok: true, sdl: result.sdl, diagnostics, files, remote }
    : { ok: false, because: 'schemas', diagnostics, files, remote }
}

/** Composition that breaks is a result as well: what watches must live to see the schemas put right. */
function broken(failure: unknown): ComposeResult {
  if (!(failure instanceof EnneadError) || failure.code !== 'COMPOSITION_FAILED') throw failure
  const cause = failure.cause instanceof Error ? `: ${failure.cause.message}` : ''
  return {
    ok: false,
    diagnostics: [
      {
        severity: 'error',
        code: failure.code,
        message: `${failure.message}${cause}`,
        locations: [],
        advice: 'Take back what was changed last; the fault is in composition itself, please report it.',
      },
    ],
  }
}
