import { parentPort, workerData } from 'node:worker_threads'
import { compose } from '../../composition/compose.ts'
import type { SubgraphSource } from '../../composition/subgraph-source.ts'

// The only one who starts this thread, compose-apart.ts, gives it these.
const sources = workerData as readonly SubgraphSource[]
parentPort?.postMessage(compose(sources), [])
