// Run by embedded-postgres.test.ts as a process of its own, to be killed: starts a server, writes, and says so.
import { startEmbeddedPostgres } from '../../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import { commitOf, task } from '../../contract/sample-records.ts'
import { attempt, connectionTo } from './postgres-for-tests.ts'
import type { TaskStore } from '../../../subgraphs/db/task-store.ts'
import { commitTo } from '../../support/commit-to.ts'

const [, , directory = ''] = process.argv
const server = await startEmbeddedPostgres({ directory })
const store = await openSqlStore({ connection: connectionTo(server) })
await commitTo(store.operations as TaskStore, [commitOf('c_child', task('task_child'))], attempt())
process.stdout.write(`${server.pid()}\n`)
setInterval(() => undefined, 1_000)
