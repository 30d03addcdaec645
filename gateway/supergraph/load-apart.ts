import { extname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { buildASTSchema, Kind, parse } from 'graphql'
import type { DefinitionNode } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { Supergraph, SupergraphParts } from './supergraph-facts.ts'
import { typeOverlap } from './type-overlap.ts'

/** What the thread says. */
export type Loaded =
  | { readonly is: 'usable'; readonly parts: SupergraphParts }
  | { readonly is: 'refused'; readonly message: string; readonly cause: Error | undefined }

/** Characters that are parsed at once: well under a millisecond. */
const sliceLength = 10_000

/**
 * Loads a supergraph in a thread of its own, so that requests go on meanwhile: parsing, validating and Apollo's own form take seconds where a
 * graph is large. What is left for this thread are slices of parsing, and the schema itself, which cannot be sent. Rejects with
 * SUPERGRAPH_INVALID.
 */
export async function loadApart(sdl: string): Promise<Supergraph> {
  // The file has the ending that this one has: .ts in a checkout, .js as published.
  const file = new URL(`./loading-worker${extname(import.meta.url)}`, import.meta.url)
  const worker = new Worker(file, { workerData: sdl, name: 'supergraph', execArgv: [] })
  const loaded = await new Promise<Loaded>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread that loads it ended')))
  }).catch((cause: unknown) => {
    throw new EnneadError('SUPERGRAPH_INVALID', 'the supergraph cannot be used: it could not be loaded', {
      cause,
    })
  })
  if (loaded.is === 'usable') return assembled(sdl, loaded.parts)
  throw new EnneadError('SUPERGRAPH_INVALID', loaded.message, { cause: loaded.cause })
}

async function assembled(sdl: string, { facts, members, api }: SupergraphParts): Promise<Supergraph> {
  const definitions: DefinitionNode[] = []
  let slice = ''
  const parseSlice = async (): Promise<void> => {
    if (slice === '') return
    definitions.push(...parse(slice, { noLocation: true }).definitions)
    slice = ''
    await setImmediate()
  }
  for (const definition of api) {
    slice += `${definition}\n`
    if (slice.length >= sliceLength) await parseSlice()
  }
  await parseSlice()
  // The thread has validated it.
  const apiSchema = buildASTSchema(
    { kind: Kind.DOCUMENT, definitions },
    { assumeValid: true, assumeValidSDL: true },
  )
  return { ...facts, sdl, apiSchema, overlap: typeOverlap(members) }
}
