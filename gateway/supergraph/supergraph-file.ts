import { readFile } from 'node:fs/promises'
import { EnneadError } from '../../kernel/errors.ts'
import { liveSupergraph } from './live-supergraph.ts'
import type { LiveSupergraph } from './live-supergraph.ts'
import type { SupergraphFeed } from './supergraph-feed.ts'
import { watchedFiles } from './watched-files.ts'
import type { WatchedFilesOptions } from './watched-files.ts'

/** Supergraphs from a file that something else composes and replaces. */
export function supergraphFile(path: string, options: WatchedFilesOptions = {}): SupergraphFeed {
  const read = async (uses: (path: string) => void): Promise<string> => {
    uses(path)
    return readSupergraph(path)
  }
  return watchedFiles(`file ${path}`, read, options)
}

/** Rejects with SUPERGRAPH_INVALID when the first one cannot be used. */
export function watchSupergraphFile(
  path: string,
  options: WatchedFilesOptions = {},
): Promise<LiveSupergraph> {
  return liveSupergraph(supergraphFile(path, options), options)
}

async function readSupergraph(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    const message = `the supergraph file ${path} cannot be read${code}`
    throw new EnneadError('SUPERGRAPH_INVALID', message, { cause })
  }
}
