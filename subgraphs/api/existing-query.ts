import { marksIn } from '../../kernel/degradation.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { kindOfGlobalId } from '../../kernel/global-id.ts'
import { codeOf, failureOf, nonsense, objectOf } from './answers.ts'

/**
 * Asks db for the objects themselves. A field beyond the key makes db look: a key alone could be answered without.
 */
export const existingQuery = `query Existing($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on Task { version }
    ... on Project { version }
    ... on Comment { version }
    ... on Label { name }
  }
}`

const kinds: ReadonlySet<string | undefined> = new Set(['Task', 'Project', 'Comment', 'Label'])

/** The representations of ids; an id of no kind that db has exists nowhere and is not asked for. */
export function representationsOf(
  ids: readonly string[],
): { readonly __typename: string; readonly id: string }[] {
  return ids.flatMap(id => {
    const kind = kindOfGlobalId(id)
    return kind !== undefined && kinds.has(kind) ? [{ __typename: kind, id }] : []
  })
}

/**
 * Which of `asked` an answer to `existingQuery` found. Throws AGENT_FAULT when it says neither yes nor no, and OVERLOADED
 * when it says so of the past: what follows from it could not be marked.
 */
export function foundIn(
  answer: { readonly data?: unknown; readonly errors?: unknown; readonly extensions?: unknown },
  asked: readonly { readonly id: string }[],
): ReadonlySet<string> {
  const errors: readonly unknown[] = Array.isArray(answer.errors) ? answer.errors : []
  const failed = errors.filter(error => !absences.has(codeOf(error)))
  if (failed.length > 0) throw failureOf(failed)
  if (marksIn(answer.extensions).length > 0) {
    throw new EnneadError('OVERLOADED', 'db can only tell what there was, not what there is; try again')
  }
  const { _entities: entities } = objectOf(answer.data, 'no entities')
  if (!Array.isArray(entities) || entities.length !== asked.length)
    throw nonsense('other entities than asked for')
  return new Set(asked.filter((_, index) => entities[index] !== null).map(({ id }) => id))
}

/** How db may say that there is no such object for this caller. */
const absences: ReadonlySet<unknown> = new Set(['NOT_FOUND', 'FORBIDDEN'])
