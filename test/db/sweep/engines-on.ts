import { silentLog } from '../../../kernel/log.ts'
import { openRedisCache } from '../../../subgraphs/db/agents/cache/redis-cache.ts'
import { openMongoStore } from '../../../subgraphs/db/agents/nosql/mongo-store.ts'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import type { EngineOption } from '../../../subgraphs/db/domain-options.ts'
import { quick } from '../domain/fixture.ts'

export interface ServerUrls {
  readonly sqlUrl: string
  readonly mongoUrl: string
  readonly redisUrl: string
}

/** The three stores on real servers. */
export function enginesOn({ sqlUrl, mongoUrl, redisUrl }: ServerUrls): readonly EngineOption[] {
  const log = silentLog
  return [
    { name: 'sql', open: () => openSqlStore({ connection: { kind: 'url', url: sqlUrl }, log }) },
    { name: 'nosql', open: () => openMongoStore({ url: mongoUrl, log }) },
    { name: 'cache', open: () => openRedisCache({ url: redisUrl, prefix: 'ennead', log }) },
  ]
}

/** Sweeps that never rest for long, under a lease that is soon over. */
export const sweepLimits = {
  ...quick,
  leaseMs: 1_500,
  pageRestMs: 5,
  passRestMs: 50,
  sweepPercentMax: 100,
} as const
