import type { ProjectRecord } from '../record.ts'
import { type Command, ask, refuse, refused } from './command.ts'
import { projectKeyGuard, raised } from './guards.ts'
import { InputCheck } from './input-check.ts'

export interface CreateProjectInput {
  readonly key: string
  readonly name: string
}

/** A new project; its key is unique in the workspace. */
export const createProject: Command<CreateProjectInput, ProjectRecord> = {
  name: 'createProject',
  *decide(input, context) {
    const { viewer, at, newId } = context
    const check = new InputCheck()
    check.form('key', input.key, /^[A-Z][A-Z0-9]{0,9}$/, '1 to 10 of A–Z and 0–9, a letter first')
    check.text('name', input.name, 1, 200)
    if (check.errors.length > 0) return refused(check.errors)
    const project: ProjectRecord = {
      kind: 'project',
      id: newId('Project'),
      workspaceId: viewer.workspaceId,
      version: 1,
      createdAt: at,
      updatedAt: at,
      key: input.key,
      name: input.name,
      archived: false,
      creatorId: viewer.actorId,
    }
    if (!viewer.can('create', project)) return refuse('FORBIDDEN', 'you may not create projects', ['input'])
    const key = projectKeyGuard(viewer.workspaceId, input.key)
    const { records } = yield* ask([key])
    if (records[0] !== undefined) {
      return refuse('CONFLICT', `there is a project with the key ${input.key} already`, ['input', 'key'])
    }
    return {
      is: 'write',
      puts: [project, raised(key, undefined, project.id, context)],
      relies: [],
      event: undefined,
      answer: project,
    }
  },
}
