import type { TaskRecord } from '../record.ts'
import type { InputCheck } from './input-check.ts'

/** Limits of a task's fields, as the schema's descriptions say. */
const limits = {
  title: 500,
  description: 50_000,
  estimateMinutes: 1_000_000,
  assignees: 50,
  labels: 50,
} as const

/** The fields of a task that clients write, where given. */
export interface TaskFields {
  readonly title?: string | null | undefined
  readonly description?: string | null | undefined
  readonly estimateMinutes?: number | null | undefined
  readonly assigneeIds?: readonly string[] | null | undefined
  readonly labelIds?: readonly string[] | null | undefined
}

/** Checks the fields that are given. */
export function checkTaskFields(check: InputCheck, fields: TaskFields): void {
  const { title, description, estimateMinutes, assigneeIds, labelIds } = fields
  if (title !== undefined && title !== null) check.text('title', title, 1, limits.title)
  if (description !== undefined && description !== null) {
    check.text('description', description, 0, limits.description)
  }
  if (estimateMinutes !== undefined && estimateMinutes !== null) {
    check.integer('estimateMinutes', estimateMinutes, 0, limits.estimateMinutes)
  }
  check.list('assigneeIds', assigneeIds ?? [], limits.assignees)
  check.list('labelIds', labelIds ?? [], limits.labels)
}

/** Each id once, in the order of its first occurrence. */
export function distinct(ids: readonly string[]): readonly string[] {
  return [...new Set(ids)]
}

/** Title and description in one, lower case, for search. */
export function searchTextOf({ title, description }: Pick<TaskRecord, 'title' | 'description'>): string {
  return `${title}\n${description ?? ''}`.toLowerCase()
}
