import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../../kernel/log.ts'
import { openMemoryCache } from '../../subgraphs/db/agents/cache/memory-cache.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import type { TaskStore } from '../../subgraphs/db/task-store.ts'
import { taskStoreContract } from './task-store-contract.ts'

const whole = new Set<keyof TaskStore>([
  'read',
  'query',
  'count',
  'commit',
  'head',
  'log',
  'absorb',
  'forget',
])
const cache = new Set<keyof TaskStore>(['read', 'head', 'log', 'absorb', 'forget'])

taskStoreContract('LMDB', whole, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ennead-lmdb-'))
  return {
    durable: true,
    open: () => openLmdbStore({ directory, log: silentLog }),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
})

taskStoreContract('memory cache', cache, async () => ({
  durable: false,
  open: async () => openMemoryCache(),
  [Symbol.asyncDispose]: async () => {},
}))
