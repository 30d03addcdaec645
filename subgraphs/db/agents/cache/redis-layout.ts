import type { Log } from '../../../../kernel/log.ts'
import { StampedLayout, type StoreLayout } from '../../layout.ts'
import { RedisConnection } from './redis-connection.ts'

const layout = new StampedLayout('cache', 'the data in Redis')
const never = new AbortController().signal

/** Says which layout the data have, before anything is read. Throws STORE_TOO_NEW for that of a newer Ennead. */
export async function stampRedis(connection: RedisConnection, prefix: string): Promise<void> {
  const stamp = await connection.run(never, client => client.get(keyOf(prefix)))
  layout.check(Number(stamp ?? 1))
  if (stamp === null) await connection.run(never, client => client.setnx(keyOf(prefix), layout.steps.length))
}

/** The layout of what Redis holds under a prefix. Rejects with UNAVAILABLE when it cannot be reached. */
export async function openRedisLayout(url: string, prefix: string, log: Log): Promise<StoreLayout> {
  const connection = await RedisConnection.open({ url, connectTimeoutMs: 5_000, log })
  const present = async (): Promise<number> => {
    const stamp = await connection.run(never, client => client.get(keyOf(prefix)))
    if (stamp !== null) return Number(stamp)
    // Those before this version have no stamp.
    return connection
      .run(never, client => client.exists(`{${prefix}}:head`, `{${prefix}}:seat`))
      .then(Math.sign)
  }
  return {
    detail: `${connection.detail}, keys {${prefix}}`,
    steps: layout.steps,
    present,
    move: async to => layout.move(await present(), to),
    [Symbol.asyncDispose]: async () => connection.close(),
  }
}

function keyOf(prefix: string): string {
  return `{${prefix}}:layout`
}
