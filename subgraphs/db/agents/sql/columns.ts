import { fieldOf } from '../../evaluate.ts'
import { fields } from '../../condition.ts'
import type { Field } from '../../condition.ts'
import type { RecordKind, StoredRecord } from '../../record.ts'

export type ColumnType = 'text' | 'number' | 'boolean' | 'list'

interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** The column a field is kept in. Records themselves are kept as the JSON they are; columns are for finding them. */
export const columns: Readonly<Record<Field, Column>> = {
  id: { name: 'id', type: 'text' },
  workspaceId: { name: 'workspace_id', type: 'text' },
  key: { name: 'key', type: 'text' },
  name: { name: 'name', type: 'text' },
  archived: { name: 'archived', type: 'boolean' },
  number: { name: 'number', type: 'number' },
  projectId: { name: 'project_id', type: 'text' },
  title: { name: 'title', type: 'text' },
  status: { name: 'status', type: 'text' },
  priority: { name: 'priority', type: 'number' },
  startAt: { name: 'start_at', type: 'text' },
  dueAt: { name: 'due_at', type: 'text' },
  completedAt: { name: 'completed_at', type: 'text' },
  creatorId: { name: 'creator_id', type: 'text' },
  assigneeIds: { name: 'assignee_ids', type: 'list' },
  labelIds: { name: 'label_ids', type: 'list' },
  parentId: { name: 'parent_id', type: 'text' },
  blockedByIds: { name: 'blocked_by_ids', type: 'list' },
  deletedAt: { name: 'deleted_at', type: 'text' },
  searchText: { name: 'search_text', type: 'text' },
  taskId: { name: 'task_id', type: 'text' },
  authorId: { name: 'author_id', type: 'text' },
  createdAt: { name: 'created_at', type: 'text' },
  updatedAt: { name: 'updated_at', type: 'text' },
}

const always: readonly Field[] = ['id', 'workspaceId', 'createdAt', 'updatedAt']

const neverNull: Readonly<Record<RecordKind, ReadonlySet<Field>>> = {
  task: new Set([
    ...always,
    'number',
    'projectId',
    'title',
    'status',
    'priority',
    'creatorId',
    'searchText',
  ] as const),
  project: new Set([...always, 'key', 'name', 'creatorId'] as const),
  label: new Set([...always, 'name'] as const),
  comment: new Set([...always, 'taskId', 'authorId'] as const),
  receipt: new Set(always),
  guard: new Set(always),
}

/** May records of this kind have no value in this field? */
export function mayBeNull(kind: RecordKind, field: Field): boolean {
  return !neverNull[kind].has(field)
}

/** SQL types of the columns, in the form `jsonb_to_recordset` wants them. */
export const columnTypes: Readonly<Record<ColumnType, string>> = {
  text: 'text',
  number: 'float8',
  boolean: 'boolean',
  list: 'text[]',
}

/** A record as the row that stores it. */
export function rowOf(record: StoredRecord): Readonly<Record<string, unknown>> {
  const row: Record<string, unknown> = {
    kind: record.kind,
    version: record.version,
    body: JSON.stringify(record),
  }
  const lowered: Record<string, string> = {}
  for (const field of fields) {
    const value = fieldOf(record, field)
    if (value === null) continue
    const { name, type } = columns[field]
    if (type !== typeOf(value)) continue
    row[name] = plain(value)
    if (typeof value !== 'string') continue
    const lower = value.toLowerCase()
    if (lower !== asciiLower(value)) lowered[name] = storable(lower)
  }
  if (Object.keys(lowered).length > 0) row['lowered'] = lowered
  if (record.kind === 'receipt') row['expires_at'] = storable(record.expiresAt)
  return row
}

/**
 * Text as a column or parameter can hold it. PostgreSQL's text has neither U+0000 nor lone surrogates; both become
 * U+FFFD there. What is refused at the doors cannot do harm here: the record's JSON escapes both and stays exact.
 */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

/** SQL that yields the lower case of a text column, as JavaScript's toLowerCase has it. */
export function lowerSql(column: string): string {
  // lower() under "C" changes ASCII letters only; rows for which that is not enough carry their own copy.
  return `coalesce(lowered ->> '${column}', lower(${column} collate "C"))`
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, letter => String.fromCharCode(letter.charCodeAt(0) + 32))
}

function typeOf(value: unknown): ColumnType {
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'number') return 'number'
  return typeof value === 'boolean' ? 'boolean' : 'text'
}

function plain(value: string | number | boolean | readonly string[]): unknown {
  if (typeof value === 'string') return storable(value)
  return typeof value === 'object' ? value.map(storable) : value
}
