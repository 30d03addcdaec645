import type { StoredRecord } from '../../record.ts'
import type { ChangeEvent, LogEntry, LogRead } from '../../task-store.ts'
import { Values } from './condition-sql.ts'
import type { SqlRow, Statement } from './lane.ts'
import { count, text, textOrNull } from './rows.ts'

/** What a log entry is made of, for `logEntry`. */
const entryColumns = `(select epoch from head) as epoch, seq, commit_id, workspace_id, actor_id, at, event, puts`

/** One of a few texts: each combination of filters has its own, and each its index. */
export function logStatement(read: LogRead): Statement {
  const values = new Values()
  const filters: string[] = []
  const filter = (column: string, wanted: string | undefined): void => {
    if (wanted !== undefined) filters.push(`${column} = ${values.text(wanted)}`)
  }
  filter('workspace_id', read.workspaceId)
  filter('project_id', read.projectId)
  filter('task_id', read.taskId)
  if (filters.length > 0) filters.push('event is not null')
  const newestFirst = read.newestFirst === true
  if (!newestFirst || read.afterSeq > 0) {
    filters.push(`seq ${newestFirst ? '<' : '>'} $${values.list.push(read.afterSeq)}::bigint`)
  }
  const where = filters.length === 0 ? '' : `where ${filters.join(' and ')}`
  const sql = `select ${entryColumns} from log ${where} order by seq ${newestFirst ? 'desc' : 'asc'}`
  return { text: `${sql} limit $${values.list.push(read.limit)}::int`, values: values.list }
}

export function logEntry(row: SqlRow): LogEntry {
  const event = textOrNull(row, 'event')
  return {
    position: { epoch: text(row, 'epoch'), seq: count(row, 'seq') },
    commit: {
      id: text(row, 'commit_id'),
      workspaceId: text(row, 'workspace_id'),
      actorId: text(row, 'actor_id'),
      at: text(row, 'at'),
      // Both were written from these types by this store, and by nobody else.
      puts: JSON.parse(text(row, 'puts')) as readonly StoredRecord[],
      event: event === null ? undefined : (JSON.parse(event) as ChangeEvent),
    },
  }
}
