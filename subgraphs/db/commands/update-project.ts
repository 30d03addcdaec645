import type { ProjectRecord } from '../record.ts'
import { type Command, ask, refuse, refused, visible } from './command.ts'
import { InputCheck } from './input-check.ts'
import { staleVersion } from './stale-version.ts'

export interface UpdateProjectInput {
  readonly id: string
  readonly expectedVersion?: number | null
  readonly name?: string | null
  readonly archived?: boolean | null
}

/** Renames, archives or brings back a project. */
export const updateProject: Command<UpdateProjectInput, ProjectRecord> = {
  name: 'updateProject',
  *decide(input, { viewer, at }) {
    const { name, archived } = input
    const check = new InputCheck()
    if (name === null) check.refuse('name', 'name cannot be cleared')
    else if (name !== undefined) check.text('name', name, 1, 200)
    if (archived === null) check.refuse('archived', 'archived cannot be cleared')
    if (check.errors.length > 0) return refused(check.errors)
    const { records } = yield* ask([{ kind: 'project', id: input.id }])
    const project = visible(viewer, 'project', records[0])
    if (project === undefined) return refuse('NOT_FOUND', 'there is no such project', ['input', 'id'])
    if (!viewer.can('update', project)) {
      return refuse('FORBIDDEN', 'you may not change this project', ['input', 'id'])
    }
    const stale = staleVersion(project, input.expectedVersion, ['input', 'expectedVersion'])
    if (stale !== undefined) return stale
    const next: ProjectRecord = {
      ...project,
      version: project.version + 1,
      updatedAt: at,
      name: name ?? project.name,
      archived: archived ?? project.archived,
    }
    if (next.name === project.name && next.archived === project.archived) {
      return { is: 'unchanged', answer: project }
    }
    return { is: 'write', puts: [next], relies: [], event: undefined, answer: next }
  },
}
