import { list, url } from '../kernel/settings.ts'
import { engineNames } from '../subgraphs/db/engine-slot.ts'

/** Every agent, as `--disable` names it. */
export const agentNames = [
  'db.sql',
  'db.nosql',
  'db.cache',
  'auth.jwt',
  'auth.rbac',
  'auth.oauth',
  'api.graphql',
  'api.rest',
  'api.websocket',
] as const

/** Which stores of db take part, and where they are. */
export const dbStores = {
  disable: list('Agents to switch off; they are shown as absent.', agentNames),
  learner: list(
    'Stores of db that get everything and never vote. More must vote than follow only; see docs/stores.md.',
    engineNames,
  ),
  databaseUrl: url('PostgreSQL for db.sql. Without it an embedded one runs in the data folder.', [
    'postgres:',
    'postgresql:',
  ]),
  mongoUrl: url('MongoDB for db.nosql. Without it LMDB in the data folder is used.', [
    'mongodb:',
    'mongodb+srv:',
  ]),
  redisUrl: url('Redis for db.cache. Without it LMDB in the data folder is used.', ['redis:', 'rediss:']),
}
