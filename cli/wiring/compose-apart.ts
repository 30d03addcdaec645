import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ComposeResult } from '../../gateway/supergraph/compose.ts'
import type { SubgraphSource } from '../../gateway/supergraph/compose-config.ts'
import { describeMessage } from '../../gateway/supergraph/compose.ts'
import { EnneadError } from '../../kernel/errors.ts'

/** Messages of a composition that an operator is shown at most. */
const shownMax = 5

/**
 * Composes in a thread of its own: composition takes a second where a request takes a millisecond. Resolves with the
 * supergraph; rejects with COMPOSITION_FAILED and what is wrong.
 */
export async function composeApart(sources: readonly SubgraphSource[]): Promise<string> {
  // The file has the ending that this one has: .ts in a checkout, .js as published.
  const file = new URL(`./compose-thread${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(file, { workerData: sources })
  const result = await new Promise<ComposeResult>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that composes ended')))
  }).catch((cause: unknown) => {
    throw new EnneadError('COMPOSITION_FAILED', 'the subgraphs could not be composed', { cause })
  })
  if (result.ok) return result.sdl
  const shown = result.errors.slice(0, shownMax).map(describeMessage).join('; ')
  const more = result.errors.length > shownMax ? `; and ${result.errors.length - shownMax} more` : ''
  throw new EnneadError('COMPOSITION_FAILED', `the subgraphs do not compose: ${shown}${more}`)
}
