// A thread that loads one supergraph for load-apart.ts, and ends.
import { parentPort, workerData } from 'node:worker_threads'
import { EnneadError } from '../../kernel/errors.ts'
import type { Loaded } from './load-apart.ts'
import { supergraphParts } from './supergraph.ts'

/** @param sdl What load-apart.ts has started this thread with. */
function load(sdl: string): Loaded {
  try {
    return { is: 'usable', parts: supergraphParts(sdl) }
  } catch (failure) {
    if (!(failure instanceof EnneadError)) throw failure
    const { cause } = failure
    return { is: 'refused', message: failure.message, cause: cause instanceof Error ? cause : undefined }
  }
}

parentPort?.postMessage(load(workerData as string))
