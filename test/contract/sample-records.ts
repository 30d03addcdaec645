import fc from 'fast-check'
import type { Condition, Field } from '../../subgraphs/db/condition.ts'
import type {
  CommentRecord,
  PriorityRank,
  ReceiptRecord,
  TaskRecord,
  TaskStatus,
} from '../../subgraphs/db/record.ts'
import type { Commit, LogEntry, RecordOrder } from '../../subgraphs/db/task-store.ts'

const at = '2026-01-01T00:00:00.000Z'

export function task(id: string, changes: Partial<TaskRecord> = {}): TaskRecord {
  return {
    kind: 'task',
    id,
    workspaceId: 'workspace_1',
    version: 1,
    createdAt: at,
    updatedAt: at,
    number: 1,
    projectId: 'project_1',
    title: `Task ${id}`,
    description: null,
    status: 'TODO',
    priority: 0,
    startAt: null,
    dueAt: null,
    completedAt: null,
    estimateMinutes: null,
    creatorId: 'user_1',
    assigneeIds: [],
    labelIds: [],
    parentId: null,
    blockedByIds: [],
    deletedAt: null,
    searchText: `task ${id}`,
    ...changes,
  }
}

export function comment(id: string, taskId: string): CommentRecord {
  return {
    kind: 'comment',
    id,
    workspaceId: 'workspace_1',
    version: 1,
    createdAt: at,
    updatedAt: at,
    taskId,
    body: 'Well done. $set {"a": 1}',
    authorId: 'user_1',
  }
}

export function receipt(id: string, expiresAt: string): ReceiptRecord {
  return {
    kind: 'receipt',
    id,
    workspaceId: 'workspace_1',
    version: 1,
    createdAt: at,
    updatedAt: at,
    requestHash: 'c0ffee',
    answer: task('task_answer', { assigneeIds: ['user_1'] }),
    expiresAt,
  }
}

/** A commit that creates or changes one task, with an event about it. */
export function commitOf(id: string, record: TaskRecord, changes: Partial<Commit> = {}): Commit {
  return {
    id,
    workspaceId: record.workspaceId,
    actorId: 'user_1',
    at,
    expects: [{ kind: 'task', id: record.id, version: record.version - 1 }],
    puts: [record],
    event: {
      id: `event_${id}`,
      kind: record.version === 1 ? 'CREATED' : 'UPDATED',
      projectId: record.projectId,
      taskId: record.id,
      changed: ['title'],
    },
    ...changes,
  }
}

/** Entry `seq` of a log, holding what the commit changes. */
export function entryOf(seq: number, commit: Commit, epoch = 'epoch00000000001'): LogEntry {
  const { id, workspaceId, actorId, puts, event } = commit
  return { position: { epoch, seq }, commit: { id, workspaceId, actorId, at: commit.at, puts, event } }
}

/** Texts where comparing by UTF-16 unit, by locale or ignoring case, or matching as a pattern, would differ. */
const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'B',
    'b',
    'ä',
    'Z',
    'É',
    'é',
    '\u{1F600}',
    '\uFFFD',
    '\uFF5E',
    'İ',
    'ΑΣ',
    'ß',
    '%',
    '_',
  ),
  fc.constantFrom('a.*', '$ne', '\\', "'", '10', '9', 'a%b', ' a', 'A\nb', '{"$gt":""}'),
  fc
    .string({ unit: 'grapheme', maxLength: 4 })
    .filter(value => !value.includes('\0') && value.isWellFormed()),
)
const id = fc.constantFrom('u1', 'u2', 'u3', 'ü')
const instant = fc.constantFrom(
  '2026-01-01T00:00:00.000Z',
  '2026-01-02T00:00:00.000Z',
  '2025-12-31T23:59:59.999Z',
)
const statuses: readonly TaskStatus[] = ['BACKLOG', 'TODO', 'IN_PROGRESS', 'BLOCKED', 'DONE', 'CANCELLED']
const status = fc.constantFrom(...statuses)
const ids = fc.uniqueArray(id, { maxLength: 3 })

/** What varies between tasks of the property; ids are given by the test. */
export const taskChanges = fc.record({
  title: text,
  searchText: text.map(value => value.toLowerCase()),
  number: fc.integer({ min: 1, max: 12 }),
  priority: fc.constantFrom<PriorityRank>(0, 1, 2, 3, 4),
  status,
  projectId: id,
  parentId: fc.option(id),
  dueAt: fc.option(instant),
  completedAt: fc.option(instant),
  assigneeIds: ids,
  labelIds: ids,
})

const scalars = {
  title: text,
  searchText: text,
  number: fc.integer({ min: 0, max: 13 }),
  priority: fc.integer({ min: 0, max: 4 }),
  status,
  projectId: id,
  parentId: id,
  dueAt: instant,
  completedAt: instant,
  assigneeIds: id,
  labelIds: id,
} as const satisfies Partial<Record<Field, fc.Arbitrary<string | number>>>

type Named = keyof typeof scalars
// Object.keys forgets the names; these are those of the object above.
const names = Object.keys(scalars) as Named[]
const single = names.filter(name => name !== 'assigneeIds' && name !== 'labelIds')
const texts = single.filter(name => name !== 'number' && name !== 'priority')

const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc
    .constantFrom(...names)
    .chain(field =>
      fc
        .array(fc.option(scalars[field] as fc.Arbitrary<string | number>, { freq: 4 }), { maxLength: 3 })
        .map((values): Condition => ({ is: 'in', field, values })),
    ),
  fc
    .constantFrom(...single)
    .chain(field =>
      fc
        .tuple(
          fc.constantFrom('before', 'after'),
          scalars[field] as fc.Arbitrary<string | number>,
          fc.boolean(),
        )
        .map(([is, value, orEqual]): Condition => ({ is, field, value, orEqual })),
    ),
  fc
    .tuple(fc.constantFrom(...texts), text)
    .map(([field, text]): Condition => ({ is: 'contains', field, text })),
)

/** Conditions over the fields that vary, nested a few levels deep. */
export const condition: fc.Arbitrary<Condition> = fc.letrec<{ node: Condition }>(tie => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('node'), { maxLength: 3 }).map((of): Condition => ({ is: 'all', of })),
    fc.array(tie('node'), { maxLength: 3 }).map((of): Condition => ({ is: 'any', of })),
    tie('node').map((of): Condition => ({ is: 'not', of })),
  ),
})).node

export const recordOrder: fc.Arbitrary<RecordOrder> = fc.record({
  field: fc.constantFrom<Field>('id', 'createdAt', ...single),
  direction: fc.constantFrom('ascending', 'descending'),
})
