import { afterAll, beforeAll, expect, test } from 'vitest'
import { listCases, orders, searchCases } from '../../../bench/store/list-cases.ts'
import { writeTasks } from '../../../bench/store/many-tasks.ts'
import { ListStatements } from '../../../subgraphs/db/agents/sql/read-records.ts'
import type { Statement } from '../../../subgraphs/db/agents/sql/lane.ts'
import { compareRecords, matches } from '../../../subgraphs/db/evaluate.ts'
import type { StoredRecord } from '../../../subgraphs/db/record.ts'
import { attempt, rawClient, testPostgres } from './postgres-for-tests.ts'
import type { OpenStore, TestPostgres } from './postgres-for-tests.ts'

const rows = 12_000
let postgres: TestPostgres
let filled: OpenStore
const records: StoredRecord[] = []

beforeAll(async () => {
  postgres = await testPostgres()
  filled = await postgres.open()
  await using raw = rawClient(postgres.connection)
  await raw.unsafe(`set search_path to ${filled.schema}`)
  await writeTasks(raw, rows)
  for (let afterId = ''; records.length < rows;) {
    const page = await filled.store.scan({ kind: 'task', afterId, limit: 1_000 }, attempt())
    records.push(...page)
    afterId = page.at(-1)?.id ?? ''
  }
}, 120_000)

afterAll(async () => {
  await filled.engine.close()
  await postgres[Symbol.asyncDispose]()
})

async function explain({ text, values }: Statement): Promise<string> {
  await using raw = rawClient(postgres.connection)
  await raw.unsafe(`set search_path to ${filled.schema}`)
  const plan = await raw.unsafe(`explain ${text}`, [...values])
  return plan.map(row => String(row['QUERY PLAN'])).join('\n')
}

test('the tasks that speeds are measured with are written as the store would', async () => {
  const faults: string[] = []
  const { inspection } = filled.engine
  if (inspection === undefined) throw new Error('the store cannot be looked into')
  let place = ''
  for (;;) {
    const { found, next } = await inspection.look(place, 1_000, new AbortController().signal)
    for (const one of found) faults.push(...one.faults)
    if (next === undefined) break
    place = next
  }
  expect(faults).toEqual([])
})

test('every list and search the graph offers answers what its condition means', async () => {
  for (const one of [...listCases, ...searchCases]) {
    for (const [turn, order] of orders.entries()) {
      const asked = one.query(turn, order)
      const expected = records
        .filter(record => matches(record, asked.where))
        .sort(compareRecords(asked.order))
        .slice(0, asked.limit)
      const found = await filled.store.query(asked, attempt())
      expect(
        found.map(record => record.id),
        one.name,
      ).toEqual(expected.map(record => record.id))
    }
  }
})

test.each([
  ['title contains a rare word', 'task_title_text'],
  ['title contains what no title has', 'task_title_text'],
  ['title equals', 'task_title'],
  ['search: a rare word', 'task_text'],
  ['search: three rare words', 'task_text'],
  ['search: what no task has', 'task_text'],
  ['creator, of few', 'task_creator'],
])('%s: found by the index %s', async (name, index) => {
  const found = [...listCases, ...searchCases].find(one => one.name === name)
  for (const order of orders) {
    const asked = found?.query(3, order)
    if (asked === undefined) throw new Error(`there is no case ${name}`)
    const plan = await explain(new ListStatements().list(asked))
    expect(plan).toMatch(new RegExp(`(Bitmap Index Scan on|Index Scan using) ${index}\\b`))
    expect(plan).not.toMatch(/Seq Scan/)
  }
})

test.each(['assignee, of many', 'assignee, of few', 'label, of few', 'mine and open', 'mine or urgent'])(
  '%s: found in the lists of people and labels',
  async name => {
    const found = listCases.find(one => one.name === name)
    for (const order of orders) {
      const asked = found?.query(3, order)
      if (asked === undefined) throw new Error(`there is no case ${name}`)
      const plan = await explain(new ListStatements().list(asked))
      expect(plan).toMatch(/(Index Only Scan (Backward )?using|Bitmap Index Scan on) task_places_\w+/)
      expect(plan).not.toMatch(/Seq Scan/)
    }
  },
)

test('few of a status in a project are found in an index alone', async () => {
  for (const order of orders) {
    const asked = listCases.find(one => one.name === 'project and status, of few')?.query(3, order)
    if (asked === undefined) throw new Error('there is no such case')
    const plan = await explain(new ListStatements().list(asked))
    expect(plan).toMatch(/Index Only Scan (Backward )?using task_status on records/)
  }
})

test('frequent words and states are found by walking along the order', async () => {
  for (const name of ['all', 'status, of most', 'title contains two letters']) {
    const asked = listCases
      .find(one => one.name === name)
      ?.query(0, { field: 'updatedAt', direction: 'descending' })
    if (asked === undefined) throw new Error(`there is no case ${name}`)
    const plan = await explain(new ListStatements().list(asked))
    expect(plan, name).toMatch(/Index (Only )?Scan (Backward )?using task_updated/)
    expect(plan.split('InitPlan').at(-1)).not.toMatch(/Sort/)
  }
})
