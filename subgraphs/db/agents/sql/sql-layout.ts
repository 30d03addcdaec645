import { systemClock } from '../../../../kernel/clock.ts'
import type { Log } from '../../../../kernel/log.ts'
import type { StoreLayout } from '../../layout.ts'
import { Lanes } from './lanes.ts'
import { moveSchema, schemaLayout } from './migrate.ts'
import { migrations } from './schema.ts'
import { serverAddress, type SqlConnection } from './server-address.ts'

/** The layout of a schema in PostgreSQL. Its operations reject with UNAVAILABLE when the server cannot be reached. */
export function openSqlLayout(connection: SqlConnection, schema: string, log: Log): StoreLayout {
  const address = serverAddress(connection)
  const lanes = new Lanes({
    address,
    schema,
    log,
    clock: systemClock,
    connectionsMax: 3,
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 30_000,
  })
  const never = new AbortController().signal
  return {
    detail: `PostgreSQL at ${address.name}, schema ${schema}`,
    steps: migrations.map(({ version, name }) => ({ version, name })),
    present: () => lanes.write(never, run => schemaLayout(run, schema)),
    move: (to, onStep) => lanes.write(never, run => moveSchema(run, schema, to, onStep)),
    [Symbol.asyncDispose]: () => lanes.close(),
  }
}
