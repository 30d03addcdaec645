import type { ChangeLogRead } from './task-channel.ts'

const page = `{ entries { position id at kind workspaceId projectId taskId actorId changed } next more }`

export const changeLogQuery = `query ChangeLog($after: String, $first: Int!, $waitMs: Int!, $workspaceId: ID, $projectId: ID, $taskId: ID, $newestFirst: Boolean!) {
  changeLog(after: $after, first: $first, waitMs: $waitMs, workspaceId: $workspaceId, projectId: $projectId, taskId: $taskId, newestFirst: $newestFirst) ${page}
}`

export const changeLogSubscription = `subscription ChangeLog($after: String) { changeLog(after: $after) ${page} }`

/** The variables of `changeLogQuery`. */
export function changeLogVariables(read: ChangeLogRead): Readonly<Record<string, unknown>> {
  return {
    after: read.after ?? null,
    first: read.first,
    waitMs: read.waitMs,
    workspaceId: read.workspaceId ?? null,
    projectId: read.projectId ?? null,
    taskId: read.taskId ?? null,
    newestFirst: read.newestFirst ?? false,
  }
}
