/* A child of lmdb-store.test.ts: commits until it is killed, and prints each commit that was acknowledged. */
import { writeSync } from 'node:fs'
import { silentLog } from '../../../kernel/log.ts'
import { openLmdbStore } from '../../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { commitOf, task } from '../../contract/sample-records.ts'
import type { TaskStore } from '../../../subgraphs/db/task-store.ts'
import { commitTo } from '../../support/commit-to.ts'

const engine = await openLmdbStore({ directory: process.argv[2] ?? '', log: silentLog })
const attempt = { signal: new AbortController().signal, remainingMs: 10_000, number: 1 }

async function writer(name: string): Promise<never> {
  for (let index = 0; ; index++) {
    const id = `${name}_${index}`
    const outcomes = await commitTo(engine.operations as TaskStore, [commitOf(id, task(id))], attempt)
    if (outcomes?.[0]?.is === 'committed') writeSync(1, `${id}\n`)
  }
}

await Promise.all(['a', 'b', 'c', 'd'].map(writer))
