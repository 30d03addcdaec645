import type { StoreEngine } from '../../../subgraphs/db/task-store.ts'
import type { MemoryTaskStore } from '../../support/memory-task-store.ts'

/** The store in memory with an inspection, so that it can be walked through; nothing is derived in it. */
export function inspected(store: MemoryTaskStore): StoreEngine {
  return {
    operations: store.operations,
    detail: 'memory',
    close: () => Promise.resolve(),
    inspection: {
      look: (after, limit) => {
        const from = after === '' ? 0 : Number(after)
        const page = [...store.records.values()].slice(from, from + limit)
        const found = page.map(record => ({
          key: { kind: record.kind, id: record.id },
          record,
          seen: record.version,
          faults: [],
        }))
        return Promise.resolve({ found, next: page.length < limit ? undefined : String(from + limit) })
      },
      mend: cures => {
        for (const { key, record } of cures) {
          if (record === undefined) store.records.delete(`${key.kind} ${key.id}`)
          else store.records.set(`${key.kind} ${key.id}`, record)
        }
        return Promise.resolve()
      },
    },
  }
}
