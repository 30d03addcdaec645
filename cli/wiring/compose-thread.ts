import { parentPort, workerData } from 'node:worker_threads'
import type { SubgraphSource } from '../../gateway/supergraph/compose-config.ts'
import { compose } from '../../gateway/supergraph/compose.ts'

// The only one who starts this thread, compose-apart.ts, gives it these.
const sources = workerData as readonly SubgraphSource[]
parentPort?.postMessage(compose(sources), [])
