import type { Condition, Field } from '../../condition.ts'
import type { RecordKind } from '../../record.ts'
import type { LogRead, RecordOrder } from '../../task-store.ts'

export type Index = Readonly<Record<string, 1>>

const byId: Index = { workspaceId: 1, id: 1 }
const byUpdate: Index = { workspaceId: 1, updatedAt: 1, id: 1 }

/** Indexes that find the records with one value of a field; the most selective field first. */
const byField: { readonly [K in RecordKind]?: readonly (readonly [Field, Index])[] } = {
  task: [
    ['parentId', { workspaceId: 1, parentId: 1, id: 1 }],
    ['assigneeIds', { workspaceId: 1, assigneeIds: 1, id: 1 }],
    ['projectId', { workspaceId: 1, projectId: 1, id: 1 }],
  ],
  comment: [['taskId', { workspaceId: 1, taskId: 1, id: 1 }]],
}

/** All indexes of a kind's collection beside that of `_id`. */
export function indexesOf(kind: RecordKind): readonly Index[] {
  const more = kind === 'task' ? [byUpdate] : kind === 'receipt' ? [{ expiresAt: 1 } as const] : []
  return [byId, ...(byField[kind] ?? []).map(([, index]) => index), ...more]
}

/**
 * The index for a list. Chosen here, not by MongoDB, whose choice depends on what it tried last: the same question
 * always takes the same way.
 */
export function indexFor(kind: RecordKind, where: Condition, order?: RecordOrder): Index {
  const parts = where.is === 'all' ? where.of : [where]
  for (const [field, index] of byField[kind] ?? []) {
    const isNamed = (part: Condition): boolean =>
      part.is === 'in' && part.field === field && !part.values.includes(null)
    if (parts.some(isNamed)) return index
  }
  return kind === 'task' && order?.field === 'updatedAt' ? byUpdate : byId
}

/** Indexes of the log, of entries with an event. */
export const logIndexes = {
  workspaceId: { workspaceId: 1, _id: 1 },
  projectId: { 'event.projectId': 1, _id: 1 },
  taskId: { 'event.taskId': 1, _id: 1 },
} as const

/** The index for a part of the log: that of the narrowest filter. */
export function logIndexFor({ taskId, projectId, workspaceId }: LogRead): Index {
  if (taskId !== undefined) return logIndexes.taskId
  if (projectId !== undefined) return logIndexes.projectId
  return workspaceId === undefined ? { _id: 1 } : logIndexes.workspaceId
}
