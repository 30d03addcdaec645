import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ComposeResult } from '../../composition/compose.ts'
import type { Diagnostic } from '../../composition/diagnostic.ts'
import { describeDiagnostic } from '../../composition/render-diagnostic.ts'
import type { SubgraphSource } from '../../composition/subgraph-source.ts'
import { EnneadError } from '../../kernel/errors.ts'

/** Messages of a composition that an operator is shown at most. */
const shownMax = 5

/**
 * Composes in a thread of its own: composition takes a second where a request takes a millisecond. Rejects with
 * COMPOSITION_FAILED when composition itself breaks; what is wrong with the schemas is in the result.
 */
export async function composeApart(sources: readonly SubgraphSource[]): Promise<ComposeResult> {
  // The file has the ending that this one has: .ts in a checkout, .js as published.
  const file = new URL(`./compose-thread${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(file, { workerData: sources })
  return new Promise<ComposeResult>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that composes ended')))
  }).catch((cause: unknown) => {
    throw new EnneadError('COMPOSITION_FAILED', 'the subgraphs could not be composed', { cause })
  })
}

/** What is wrong with a composition, as an error of one line. */
export function notComposed(diagnostics: readonly Diagnostic[]): EnneadError {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const shown = errors.slice(0, shownMax).map(describeDiagnostic).join('; ')
  const more = errors.length > shownMax ? `; and ${errors.length - shownMax} more` : ''
  return new EnneadError('COMPOSITION_FAILED', `the subgraphs do not compose: ${shown}${more}`)
}
