import { expect, test } from 'vitest'
import { type DbDomainOptions, checkEngines } from '../../../subgraphs/db/domain-options.ts'
import type { EngineName } from '../../../subgraphs/db/engine-slot.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'
import { until } from '../../support/until.ts'
import { engineOf, newProject, openTestDb } from './fixture.ts'

const stores = () => ({
  sql: new MemoryTaskStore(),
  nosql: new MemoryTaskStore(),
  cache: new MemoryTaskStore(),
})

test('a learner gets everything and never votes: and nothing waits for it', async () => {
  const { sql, nosql, cache } = stores()
  const engines = [
    engineOf('sql', sql),
    engineOf('nosql', nosql),
    { ...engineOf('cache', cache), learner: 'by this test' },
  ]
  await using db = await openTestDb({ engines })
  await newProject(db)
  await until('it has all', () => cache.entries.length === 1)
  expect(Object.keys(sql.seat?.roster.members ?? {})).toEqual(['sql', 'nosql'])
  expect(cache.seat).toBeUndefined()
  expect(cache.calls).not.toContain('vote')
  const [detail] = db.domain
    .health()
    .agents.flatMap(({ name, detail: said }) => (name === 'cache' ? [said] : []))
  expect(detail).toBe('memory, no vote (by this test), at 1')
  cache.before = () => Promise.reject(new Error('it is away'))
  await newProject(db, 'NEW')
  expect(sql.entries).toHaveLength(2)
})

test.each<readonly [string, readonly EngineName[], readonly EngineName[], string]>([
  [
    'both stores',
    ['sql', 'nosql', 'cache'],
    ['sql', 'nosql'],
    'one of the stores sql and nosql must take part and vote',
  ],
  [
    'two of three',
    ['sql', 'nosql', 'cache'],
    ['nosql', 'cache'],
    'nosql and cache of 3 stores would never vote',
  ],
  ['one of two', ['sql', 'cache'], ['cache'], 'cache of 2 stores would never vote'],
])('%s cannot be learners', (_, present, learners, why) => {
  const engines: DbDomainOptions['engines'] = present.map(name => ({
    ...engineOf(name, new MemoryTaskStore()),
    learner: learners.includes(name) ? 'by this test' : undefined,
  }))
  expect(() => checkEngines(engines)).toThrow(why)
})
