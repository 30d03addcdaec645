import { createHash } from 'node:crypto'
import { endLine } from '../../cli/transfer/file-format.ts'
import { newGlobalId } from '../../kernel/global-id.ts'

const at = '2026-01-01T00:00:00.000Z'
const words = [
  'plan',
  'write',
  'review',
  'deploy',
  'measure',
  'invoice',
  'gateway',
  'kitchen',
  'garden',
  'piano',
]

/** The text of an export with so many tasks of about 200 characters in one project, each with a number of its own. */
export function exampleExport(tasks: number): string {
  const workspaceId = newGlobalId('Workspace')
  const creatorId = newGlobalId('User')
  const project = newGlobalId('Project')
  const common = { workspaceId, version: 1, createdAt: at, updatedAt: at }
  const lines: object[] = [
    { kind: 'workspace', id: workspaceId, version: 1, slug: 'home', name: 'Home', createdAt: at },
    { kind: 'project', id: project, ...common, key: 'ENN', name: 'Ennead', archived: false, creatorId },
  ]
  for (let number = 1; number <= tasks; number++) {
    lines.push({
      kind: 'task',
      id: newGlobalId('Task'),
      ...common,
      number,
      projectId: project,
      title: `${words[number % 10]} the ${words[(number * 7) % 10]} number ${number}`,
      description: `To be done: ${Array.from({ length: 20 }, (_, index) => words[(number + index * index) % 10]).join(' ')}.`,
      status: ['BACKLOG', 'TODO', 'IN_PROGRESS', 'DONE'][number % 4],
      priority: number % 5,
      startAt: null,
      dueAt: number % 3 === 0 ? null : `2026-0${1 + (number % 9)}-1${number % 10}T09:00:00.000Z`,
      completedAt: number % 4 === 3 ? at : null,
      estimateMinutes: number % 500,
      creatorId,
      assigneeIds: number % 2 === 0 ? [creatorId] : [],
      labelIds: [],
      parentId: null,
      blockedByIds: [],
      deletedAt: null,
    })
  }
  const header = { ennead: 'export', version: 1, at, parts: ['auth', 'db'] }
  const body = [header, ...lines].map(line => `${JSON.stringify(line)}\n`).join('')
  const records = { workspace: 1, project: 1, task: tasks }
  return `${body}${endLine(createHash('sha256').update(body), records, null)}\n`
}
