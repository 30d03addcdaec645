import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fields } from '../../../subgraphs/db/condition.ts'
import type { Condition } from '../../../subgraphs/db/condition.ts'
import { ListStatements } from '../../../subgraphs/db/agents/sql/read-records.ts'
import { logStatement } from '../../../subgraphs/db/agents/sql/read-log.ts'
import { compareRecords, compareText, fieldOf, isBehind, matches } from '../../../subgraphs/db/evaluate.ts'
import type { StoredRecord } from '../../../subgraphs/db/record.ts'
import type { RecordQuery } from '../../../subgraphs/db/task-store.ts'
import type { Statement } from '../../../subgraphs/db/agents/sql/lane.ts'
import { commitOf, task } from '../../contract/sample-records.ts'
import { attempt, rawClient, testPostgres } from './postgres-for-tests.ts'
import type { OpenStore, TestPostgres } from './postgres-for-tests.ts'
import { commitTo } from '../../support/commit-to.ts'

let postgres: TestPostgres
let filled: OpenStore

beforeAll(async () => {
  postgres = await testPostgres()
  filled = await postgres.open()
  const at = (index: number): string => new Date(1_700_000_000_000 + index * 60_000).toISOString()
  const commits = Array.from({ length: 4_000 }, (_, index) =>
    commitOf(
      `c${index}`,
      task(`task_${index}`, {
        workspaceId: `workspace_${index % 4}`,
        projectId: `project_${index % 8}`,
        number: index,
        createdAt: at(index),
        updatedAt: at((index * 7_919) % 4_000),
        dueAt: index % 3 === 0 ? null : at((index * 31) % 4_000),
        deletedAt: index % 10 === 0 ? at(index) : null,
        assigneeIds: [`user_${index % 200}`],
        blockedByIds: index % 9 === 0 ? [`task_${index - 1}`] : [],
      }),
    ),
  )
  await commitTo(filled.store, commits, attempt())
  await using raw = rawClient(postgres.connection)
  await raw`analyze ${raw(filled.schema)}.records`
  await raw`analyze ${raw(filled.schema)}.log`
})

afterAll(async () => {
  await filled.engine.close()
  await postgres[Symbol.asyncDispose]()
})

test('the lists clients ask for are found in an index alone, in its order, without sorting', async () => {
  const living: Condition = { is: 'in', field: 'deletedAt', values: [null] }
  const list = (order: RecordQuery['order'], more: Partial<RecordQuery> = {}): RecordQuery => ({
    kind: 'task',
    workspaceId: 'workspace_1',
    where: living,
    order,
    limit: 21,
    ...more,
  })
  const inProject: Condition = {
    is: 'all',
    of: [living, { is: 'in', field: 'projectId', values: ['project_5'] }],
  }
  const middle = { value: new Date(1_700_000_000_000 + 2_000 * 60_000).toISOString(), id: 'task_2000' }
  const cases: readonly (readonly [string, RecordQuery])[] = [
    ['task_created', list({ field: 'createdAt', direction: 'descending' })],
    ['task_updated', list({ field: 'updatedAt', direction: 'descending' })],
    ['task_created', list({ field: 'createdAt', direction: 'ascending' }, { behind: middle })],
    ['task_updated', list({ field: 'updatedAt', direction: 'descending' }, { behind: middle })],
    ['task_due', list({ field: 'dueAt', direction: 'ascending' })],
    ['task_due', list({ field: 'dueAt', direction: 'ascending' }, { behind: middle })],
    ['task_due', list({ field: 'dueAt', direction: 'descending' }, { behind: middle })],
    ['task_priority', list({ field: 'priority', direction: 'descending' })],
    ['task_project', list({ field: 'createdAt', direction: 'ascending' }, { where: inProject })],
  ]
  for (const [index, query] of cases) {
    const plan = await explain(new ListStatements().list(query))
    // The records of the page are read by their ids then, and put into the list's order.
    const [, finding = ''] = plan.split('InitPlan')
    expect(finding, `${query.order.field} ${query.order.direction}`).toMatch(
      new RegExp(`Index Only Scan (Backward )?using ${index} on records`),
    )
    expect(finding).toMatch(/Index Scan using records_pkey on records/)
    expect(finding).not.toMatch(/Sort|Seq Scan/)
    expect(/Index Cond: .*ROW\(/.test(finding)).toBe(query.behind !== undefined)
  }
})

test('assignees, blockers, numbers and the log of one task are found by index', async () => {
  const everything = { kind: 'task', workspaceId: 'workspace_1' } as const
  const finding = (where: Condition): Statement => new ListStatements().count({ ...everything, where })
  expect(await explain(finding({ is: 'in', field: 'assigneeIds', values: ['user_5'] }))).toContain(
    'task_assignees',
  )
  expect(await explain(finding({ is: 'in', field: 'blockedByIds', values: ['task_8'] }))).toContain(
    'task_blockers',
  )
  const byNumber: Condition = {
    is: 'all',
    of: [
      { is: 'in', field: 'projectId', values: ['project_5'] },
      { is: 'in', field: 'number', values: [5] },
    ],
  }
  expect(await explain(finding(byNumber))).toContain('task_number')
  const ofTask = logStatement({ afterSeq: 0, limit: 10, workspaceId: 'workspace_1', taskId: 'task_5' })
  expect(await explain(ofTask)).toContain('log_task')
})

test('text is found in any case of any script, as toLowerCase has it, and patterns mean nothing', async () => {
  await using open = await postgres.open()
  const texts = [
    'ΟΔΟΣ',
    'οδος',
    'ÄÖ',
    'İX',
    'ẞ',
    'ß',
    'SS',
    'ǄÉ',
    '𐐀𐐨',
    'K',
    'kelvin',
    'a%_\\',
    'ab',
    '',
    'Я',
    'ꭰᎠ',
  ]
  const records = texts.map((title, index) => task(`task_${index}`, { title }))
  await commitTo(open.store, [commitOf('c1', task('task_0'), { expects: [], puts: records })], attempt())
  for (const text of texts.flatMap(text => [
    text,
    text.toLowerCase(),
    text.toUpperCase(),
    Array.from(text).slice(0, 1).join(''),
  ])) {
    const where: Condition = { is: 'contains', field: 'title', text }
    const found = await open.store.query(
      {
        kind: 'task',
        workspaceId: 'workspace_1',
        where,
        order: { field: 'id', direction: 'ascending' },
        limit: 100,
      },
      attempt(),
    )
    expect(found.map(record => record.id).toSorted(compareText), text).toEqual(
      records
        .filter(record => matches(record, where))
        .map(record => record.id)
        .toSorted(compareText),
    )
  }
})

test('every field can be asked for and ordered by, with values of any type, and means what the code says', async () => {
  await using open = await postgres.open()
  const mixed: StoredRecord[] = [
    task('task_1', { title: 'ΑΣ İstanbul', dueAt: '2026-01-01T00:00:00.000Z', assigneeIds: ['u1'] }),
    task('task_2', { title: 'ας i̇stanbul', parentId: 'task_1', number: 0.5 }),
    task('task_3', { title: 'STRASSE 🦊', dueAt: '2026-01-01T00:00:00.000Z', priority: 4 }),
    task('task_4', { title: 'straße', labelIds: ['u1', 'u2'], creatorId: 'İ' }),
    { ...task('x'), kind: 'project', id: 'project_1', key: 'K', name: 'Ä', archived: true, creatorId: 'u' },
    { ...task('x'), kind: 'label', id: 'label_1', name: 'ä', colour: '#fff' },
  ]
  const records = mixed.map(strip)
  await commitTo(open.store, [commitOf('c1', task('task_1'), { expects: [], puts: records })], attempt())
  const value = fc.oneof(
    fc.constantFrom<(string | number | boolean | null)[]>(
      'u1',
      'ΑΣ',
      'ς',
      'σ',
      'ß',
      'Ä',
      'ä',
      'i',
      'İ',
      'i̇',
      '🦊',
      '',
    ),
    fc.constantFrom<(string | number | boolean | null)[]>(
      0,
      0.5,
      -0,
      4,
      true,
      false,
      null,
      'task_1',
      'task_2',
    ),
    fc.constantFrom(
      ...records.flatMap(record => fields.map(field => fieldOf(record, field))).filter(isScalar),
    ),
  )
  const field = fc.constantFrom(...fields)
  const where: fc.Arbitrary<Condition> = fc.oneof(
    fc.record({ is: fc.constant('in' as const), field, values: fc.array(value, { maxLength: 3 }) }),
    fc.record({
      is: fc.constantFrom('before' as const, 'after' as const),
      field,
      value: value.filter(some => some !== null),
      orEqual: fc.boolean(),
    }),
    fc.record({ is: fc.constant('contains' as const), field, text: value.map(some => String(some ?? '')) }),
  )
  const question = fc.record({
    kind: fc.constantFrom('task' as const, 'project' as const, 'label' as const),
    where: fc.oneof(
      where,
      where.map((of): Condition => ({ is: 'not', of })),
    ),
    order: fc.record({ field, direction: fc.constantFrom('ascending' as const, 'descending' as const) }),
    from: fc.option(fc.constantFrom(...records)),
  })
  await fc.assert(
    fc.asyncProperty(question, async ({ kind, where, order, from }) => {
      const start = from === null ? null : fieldOf(from, order.field)
      const key =
        from === null || !(start === null || isScalar(start)) ? undefined : { value: start, id: from.id }
      const placed = key !== undefined && typeof key.value === 'boolean' ? { ...key, value: null } : key
      const query: RecordQuery = {
        kind,
        workspaceId: 'workspace_1',
        where,
        order,
        limit: 100,
        ...(placed === undefined ? {} : { behind: placed }),
      }
      const expected = records
        .filter(record => record.kind === kind && matches(record, where))
        .filter(record => placed === undefined || isBehind(record, order, placed))
        .sort(compareRecords(order))
      expect(await open.store.query(query, attempt())).toEqual(expected)
    }),
    { numRuns: 600 },
  )
})

async function explain(statement: Statement): Promise<string> {
  await using raw = rawClient(postgres.connection)
  const rows = await raw.begin(async transaction => {
    await transaction`set local search_path = ${transaction(filled.schema)}`
    return transaction.unsafe(`explain ${statement.text}`, [...statement.values])
  })
  return rows.map(row => String(row['QUERY PLAN'])).join('\n')
}

function isScalar(value: unknown): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/** Only what a record of the kind has: a project made from a task has no title. */
function strip(record: StoredRecord): StoredRecord {
  if (record.kind === 'task') return record
  const { id, workspaceId, version, createdAt, updatedAt } = record
  const common = { id, workspaceId, version, createdAt, updatedAt }
  if (record.kind === 'project') {
    const { kind, key, name, archived, creatorId } = record
    return { ...common, kind, key, name, archived, creatorId }
  }
  if (record.kind !== 'label') throw new Error(record.kind)
  return { ...common, kind: record.kind, name: record.name, colour: record.colour }
}
