/**
 * What the db domain stores. Every record belongs to one workspace, has one global key, and a version that counts up
 * by one with each change; version 1 is its creation. Instants are ISO 8601 in UTC with milliseconds, so that they
 * sort as text.
 */
export type StoredRecord =
  ProjectRecord | TaskRecord | LabelRecord | CommentRecord | ReceiptRecord | GuardRecord

export type RecordKind = StoredRecord['kind']

/**
 * Does `record` come after `stored`, so that a store which takes over the log puts it? Of receipts the one that ends later
 * does: a key whose receipt was forgotten begins again at version 1, also where the old one has not been forgotten yet.
 */
export function isNewer(record: StoredRecord, stored: StoredRecord | undefined): boolean {
  if (stored === undefined) return true
  if (record.kind === 'receipt' && stored.kind === 'receipt') return record.expiresAt > stored.expiresAt
  return record.version > stored.version
}

/** Values of a record that are stored encrypted; in their fields stands an empty text meanwhile. See encryption/. */
export interface SealedValues {
  /** The id of the operator's key. */
  readonly key: string
  /** What they are encrypted with, encrypted with that key. Base64. */
  readonly dataKey: string
  /** By field. Base64. */
  readonly values: Readonly<Record<string, string>>
}

interface Common {
  readonly id: string
  readonly workspaceId: string
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
  readonly sealed?: SealedValues
}

export interface ProjectRecord extends Common {
  readonly kind: 'project'
  readonly key: string
  readonly name: string
  readonly archived: boolean
  readonly creatorId: string
}

export type TaskStatus = 'BACKLOG' | 'TODO' | 'IN_PROGRESS' | 'BLOCKED' | 'DONE' | 'CANCELLED'

/** Stored as a number so that it sorts: NONE 0 … URGENT 4. */
export type PriorityRank = 0 | 1 | 2 | 3 | 4

export interface TaskRecord extends Common {
  readonly kind: 'task'
  readonly number: number
  readonly projectId: string
  readonly title: string
  readonly description: string | null
  readonly status: TaskStatus
  readonly priority: PriorityRank
  readonly startAt: string | null
  readonly dueAt: string | null
  readonly completedAt: string | null
  readonly estimateMinutes: number | null
  readonly creatorId: string
  readonly assigneeIds: readonly string[]
  readonly labelIds: readonly string[]
  readonly parentId: string | null
  readonly blockedByIds: readonly string[]
  readonly deletedAt: string | null
  /** Title and description in one, lower case, for search. */
  readonly searchText: string
}

export interface LabelRecord extends Common {
  readonly kind: 'label'
  readonly name: string
  readonly colour: string
}

export interface CommentRecord extends Common {
  readonly kind: 'comment'
  readonly taskId: string
  readonly body: string
  readonly authorId: string
}

/** Remembers the answer to a write that carried an idempotency key. Written in the commit it belongs to. */
export interface ReceiptRecord extends Common {
  readonly kind: 'receipt'
  /** SHA-256 of the command's name and input. */
  readonly requestHash: string
  /** The record the command answered with, as it was then. */
  readonly answer: StoredRecord
  readonly expiresAt: string
}

/**
 * Serialises what no single record can: task numbers of a project, uniqueness of a project key or label name, changes
 * to the graph of dependencies. A commit that relies on it raises its version.
 */
export interface GuardRecord extends Common {
  readonly kind: 'guard'
  /** The counter's last value, or the id of the record that holds a name. */
  readonly value: number | string
}
