import type { UserError } from '../../service/user-error.ts'
import type { StoredRecord } from '../record.ts'
import type { Viewer } from '../viewer.ts'
import { visible } from './command.ts'

/** What is wrong with the people and labels a task shall refer to. */
export function missingReferences(
  viewer: Viewer,
  given: {
    readonly assigneeIds: readonly string[]
    /** Those of the actors that members of the workspace may refer to. */
    readonly actors: ReadonlySet<string>
    /** Undefined where there is no record. */
    readonly labels: readonly (StoredRecord | undefined)[]
  },
): UserError[] {
  const errors: UserError[] = []
  given.assigneeIds.forEach((id, index) => {
    if (given.actors.has(id)) return
    const path = ['input', 'assigneeIds', String(index)]
    errors.push({ code: 'NOT_FOUND', message: 'there is no such member of the workspace', path })
  })
  given.labels.forEach((label, index) => {
    if (visible(viewer, 'label', label) !== undefined) return
    const path = ['input', 'labelIds', String(index)]
    errors.push({ code: 'NOT_FOUND', message: 'there is no such label', path })
  })
  return errors
}
