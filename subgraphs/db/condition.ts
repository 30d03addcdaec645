/**
 * What a list query asks of records: the one form into which a client's filter, the viewer's rules and the workspace
 * are brought, and which every agent turns into its own language. Nothing a client sends goes further than this.
 */
export type Condition =
  | { readonly is: 'all'; readonly of: readonly Condition[] }
  | { readonly is: 'any'; readonly of: readonly Condition[] }
  | { readonly is: 'not'; readonly of: Condition }
  /** The field's value, or one element of a list field, equals one of `values`; `null` in `values` finds null fields. */
  | { readonly is: 'in'; readonly field: Field; readonly values: readonly (Scalar | null)[] }
  /** Compares as text by code point or as number; a null field never holds. */
  | {
      readonly is: 'before' | 'after'
      readonly field: Field
      readonly value: Scalar
      readonly orEqual: boolean
    }
  /** The field's text contains `text`, with both in lower case (toLowerCase); a null field never holds. */
  | { readonly is: 'contains'; readonly field: Field; readonly text: string }

export type Scalar = string | number | boolean

/** Every field a condition or an order may name. A fixed list: a field name is never a client's text. */
export const fields = [
  'id',
  'workspaceId',
  'key',
  'name',
  'archived',
  'number',
  'projectId',
  'title',
  'status',
  'priority',
  'startAt',
  'dueAt',
  'completedAt',
  'creatorId',
  'assigneeIds',
  'labelIds',
  'parentId',
  'blockedByIds',
  'deletedAt',
  'searchText',
  'taskId',
  'authorId',
  'createdAt',
  'updatedAt',
] as const

export type Field = (typeof fields)[number]

/** Fields that hold lists: `in` looks at their elements. */
export const listFields: ReadonlySet<Field> = new Set<Field>(['assigneeIds', 'labelIds', 'blockedByIds'])
