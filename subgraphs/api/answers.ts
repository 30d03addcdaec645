import { EnneadError } from '../../kernel/errors.ts'
import type { ChangeLogEntry, ChangeLogPage } from './task-channel.ts'

type Fields = Readonly<Record<string, unknown>>

/** An object of an answer. Throws AGENT_FAULT when it is none. */
export function objectOf(value: unknown, what: string): Fields {
  // Any non-null object can be read by names; what is found there is unknown.
  if (typeof value === 'object' && value !== null) return value as Fields
  throw nonsense(what)
}

/** The page in an answer of db. Throws AGENT_FAULT when it is none. */
export function changeLogPage(value: unknown): ChangeLogPage {
  const { entries, next, more } = objectOf(value, 'no page of the change log')
  if (!Array.isArray(entries) || typeof next !== 'string' || typeof more !== 'boolean') {
    throw nonsense('no page of the change log')
  }
  return { entries: entries.map(changeLogEntry), next, more }
}

/** The ids of `asked` that an answer lists. Throws AGENT_FAULT when it lists others or is no list. */
export function idsOf(value: unknown, asked: readonly string[]): ReadonlySet<string> {
  const { ids } = objectOf(value, 'no list of ids')
  if (!Array.isArray(ids)) throw nonsense('no list of ids')
  const possible = new Set(asked)
  const listed = new Set<string>()
  for (const id of ids) {
    if (typeof id !== 'string' || !possible.has(id)) throw nonsense('ids that were not asked for')
    listed.add(id)
  }
  return listed
}

/** What db's `errors` mean: the caller's own error, a refusal before any work was done, or a fault of this way. */
export function failureOf(errors: unknown): EnneadError {
  const cause: unknown = Array.isArray(errors) ? errors[0] : errors
  switch (codeOf(cause)) {
    case 'CURSOR_EXPIRED':
      return new EnneadError(
        'CURSOR_EXPIRED',
        'what is behind this cursor, or before this session, is no longer kept; load anew',
        { cause },
      )
    case 'CURSOR_INVALID':
      return new EnneadError('CURSOR_INVALID', 'this is no position of the change log', { cause })
    case 'BAD_USER_INPUT':
      return new EnneadError('BAD_USER_INPUT', 'the change log cannot be read like this', { cause })
    case 'OVERLOADED':
      return new EnneadError('OVERLOADED', 'db refused this for now', { cause })
    default:
      return new EnneadError('AGENT_FAULT', 'db answered with an error', { cause })
  }
}

/** The code of a GraphQL error as JSON has it. */
export function codeOf(error: unknown): unknown {
  const extensions =
    typeof error === 'object' && error !== null && 'extensions' in error ? error.extensions : undefined
  return typeof extensions === 'object' && extensions !== null && 'code' in extensions
    ? extensions.code
    : undefined
}

export function nonsense(what: string): EnneadError {
  return new EnneadError('AGENT_FAULT', `db answered ${what}`)
}

function changeLogEntry(value: unknown): ChangeLogEntry {
  const fields = objectOf(value, 'no entry of the change log')
  const text = (name: Exclude<keyof ChangeLogEntry, 'changed'>): string => {
    const field = fields[name]
    if (typeof field === 'string') return field
    throw nonsense(`an entry of the change log without ${name}`)
  }
  const { changed } = fields
  if (!Array.isArray(changed) || !changed.every(name => typeof name === 'string')) {
    throw nonsense('an entry of the change log without changed')
  }
  return {
    position: text('position'),
    id: text('id'),
    at: text('at'),
    kind: text('kind'),
    workspaceId: text('workspaceId'),
    projectId: text('projectId'),
    taskId: text('taskId'),
    actorId: text('actorId'),
    changed,
  }
}
