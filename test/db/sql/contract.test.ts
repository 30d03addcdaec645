import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { openSqlStore } from '../../../subgraphs/db/agents/sql/sql-store.ts'
import { taskStoreContract } from '../../contract/task-store-contract.ts'
import { testPostgres } from './postgres-for-tests.ts'
import type { TestPostgres } from './postgres-for-tests.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await testPostgres()
})

afterAll(() => postgres[Symbol.asyncDispose]())

taskStoreContract(
  'sql (PostgreSQL embedded)',
  new Set([
    'read',
    'query',
    'count',
    'scan',
    'facts',
    'seat',
    'vote',
    'head',
    'log',
    'absorb',
    'forget',
  ] as const),
  () => {
    const schema = `contract_${randomBytes(6).toString('hex')}`
    return Promise.resolve({
      durable: true,
      open: () => openSqlStore({ connection: postgres.connection, schema }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
  },
)
