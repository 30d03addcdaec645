import { createHash } from 'node:crypto'
import { endLine } from '../../cli/transfer/file-format.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import { written } from '../../subgraphs/db/transfer/record-form.ts'
import type {
  CommentRecord,
  LabelRecord,
  PriorityRank,
  ProjectRecord,
  TaskRecord,
} from '../../subgraphs/db/record.ts'
import { searchTextOf } from '../../subgraphs/db/commands/task-fields.ts'

export const at = '2026-01-01T00:00:00.000Z'

/** Ids that a test can name. */
export interface SampleWorkspace {
  readonly workspaceId: string
  readonly userId: string
  readonly project: ProjectRecord
  readonly label: LabelRecord
}

export function sampleWorkspace(key = 'ENN', workspaceId = newGlobalId('Workspace')): SampleWorkspace {
  const userId = newGlobalId('User')
  const common = { workspaceId, version: 1, createdAt: at, updatedAt: at }
  return {
    workspaceId,
    userId,
    project: {
      kind: 'project',
      id: newGlobalId('Project'),
      ...common,
      version: 3,
      key,
      name: 'Ennead',
      archived: false,
      creatorId: userId,
    },
    label: { kind: 'label', id: newGlobalId('Label'), ...common, name: 'Bug', colour: '#ff0000' },
  }
}

export function sampleTask(
  sample: SampleWorkspace,
  number: number,
  changes: Partial<TaskRecord> = {},
): TaskRecord {
  const task = {
    kind: 'task',
    id: newGlobalId('Task'),
    workspaceId: sample.workspaceId,
    version: 1 + (number % 4),
    createdAt: at,
    updatedAt: at,
    number,
    projectId: sample.project.id,
    title: `Task ${number}: Ä "quoted" {"$set": 1} 😀`,
    description: number % 3 === 0 ? null : `What is to be done for ${number}.\n\tAll of it.`,
    status: 'TODO',
    priority: (number % 5) as PriorityRank,
    startAt: null,
    dueAt: number % 2 === 0 ? null : at,
    completedAt: null,
    estimateMinutes: number,
    creatorId: sample.userId,
    assigneeIds: [sample.userId],
    labelIds: number % 2 === 0 ? [sample.label.id] : [],
    parentId: null,
    blockedByIds: [],
    deletedAt: null,
    searchText: '',
    ...changes,
  } satisfies TaskRecord
  return { ...task, searchText: searchTextOf(task) }
}

export function sampleComment(task: TaskRecord): CommentRecord {
  return {
    kind: 'comment',
    id: newGlobalId('Comment'),
    workspaceId: task.workspaceId,
    version: 1,
    createdAt: at,
    updatedAt: at,
    taskId: task.id,
    body: 'Well done.',
    authorId: task.creatorId,
  }
}

type AnyRecord = ProjectRecord | LabelRecord | TaskRecord | CommentRecord

/** A user and workspace that the records are of, as lines of an export. */
export function directoryLines({ workspaceId, userId }: SampleWorkspace): readonly object[] {
  return [
    { kind: 'workspace', id: workspaceId, version: 1, slug: 'home', name: 'Home', createdAt: at },
    {
      kind: 'user',
      id: userId,
      version: 1,
      email: 'grace@ennead.example',
      displayName: 'Grace',
      avatarUrl: null,
      timezone: 'UTC',
    },
    {
      kind: 'member',
      id: `${workspaceId}/${userId}`,
      version: 1,
      workspaceId,
      userId,
      role: 'OWNER',
      joinedAt: at,
      leftAt: null,
    },
  ]
}

export function recordLines(records: readonly AnyRecord[]): readonly object[] {
  return records.map(written)
}

/** The text of an export of these lines; `changes` are behind the mark. */
export function exportText(lines: readonly object[], changes: readonly object[] = []): string {
  const header = { ennead: 'export', version: 1, at, parts: ['auth', 'db'] }
  const mark = changes.length === 0 ? [] : [{ ennead: 'changes' }]
  const body = [header, ...lines, ...mark, ...changes].map(line => `${JSON.stringify(line)}\n`).join('')
  const records: Record<string, number> = {}
  for (const line of [...lines, ...changes]) {
    const kind = String('kind' in line ? line.kind : '')
    records[kind] = (records[kind] ?? 0) + 1
  }
  return `${body}${endLine(createHash('sha256').update(body), records, 'epoch:1')}\n`
}
