import { fields } from '../../condition.ts'
import { columns } from './columns.ts'

export interface Migration {
  /** Counts up by one from 1. */
  readonly version: number
  readonly name: string
  /** Statements; names of tables are not qualified, the search path is the store's schema. */
  readonly sql: string
}

/** Text is compared by code point everywhere, whatever the database's own collation. */
const sqlTypes = {
  text: 'text collate "C"',
  number: 'double precision',
  boolean: 'boolean',
  list: 'text[] collate "C"',
} as const

/** `id` and `workspace_id` are columns of the table's key and of every record. */
const fieldColumns = fields
  .filter(field => field !== 'id' && field !== 'workspaceId')
  .map(field => `  ${columns[field].name} ${sqlTypes[columns[field].type]}`)
  .join(',\n')

/**
 * Every step from an empty schema to this version's, in order. Steps that have been released are never changed: the
 * next difference is the next step.
 */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'records, log and head',
    sql: `
create table records (
  kind text collate "C" not null,
  id text collate "C" not null,
  workspace_id text collate "C" not null,
  version integer not null,
  body text not null,
  -- Lower case of texts for which lower() under "C" is not enough, by column.
  lowered jsonb,
  expires_at text collate "C",
${fieldColumns},
  primary key (kind, id)
);
-- The lists clients ask for: a workspace's or a project's tasks in each order the graph offers.
create index task_created on records (workspace_id, created_at, id) where kind = 'task';
create index task_updated on records (workspace_id, updated_at, id) where kind = 'task';
create index task_due on records (workspace_id, (due_at is null), due_at, id) where kind = 'task';
create index task_priority on records (workspace_id, priority, id) where kind = 'task';
create index task_project on records (project_id, created_at, id) where kind = 'task';
create index task_number on records (project_id, number) where kind = 'task';
create index task_parent on records (parent_id, created_at, id) where kind = 'task' and parent_id is not null;
create index task_assignees on records using gin (assignee_ids) where kind = 'task';
create index task_labels on records using gin (label_ids) where kind = 'task';
create index task_blockers on records using gin (blocked_by_ids) where kind = 'task';
create index comment_task on records (task_id, created_at, id) where kind = 'comment';
create index project_key on records (workspace_id, key) where kind = 'project';
create index other_created on records (workspace_id, kind, created_at, id) where kind in ('project', 'label');
create index receipt_expiry on records (expires_at) where kind = 'receipt';

create table log (
  seq bigint primary key,
  commit_id text collate "C" not null unique,
  workspace_id text collate "C" not null,
  actor_id text collate "C" not null,
  at text collate "C" not null,
  project_id text collate "C",
  task_id text collate "C",
  -- JSON of the event, null for a commit clients do not care about, and of the records put.
  event text,
  puts text not null
);
create index log_workspace on log (workspace_id, seq) where event is not null;
create index log_project on log (project_id, seq) where event is not null;
create index log_task on log (task_id, seq) where event is not null;

-- One row: the place of the newest entry. Changing it is what makes two writers take turns.
create table head (
  single boolean primary key default true check (single),
  epoch text collate "C" not null,
  seq bigint not null,
  commit_id text collate "C" not null
);
insert into head (epoch, seq, commit_id) values ('', 0, '');
-- Rewritten by every change: room in its page keeps the old versions from spreading.
alter table head set (fillfactor = 10);
`,
  },
  {
    version: 2,
    name: 'seat',
    sql: `
-- The store's part in the quorum, as JSON, and how often it has changed; in the one row that every change waits for.
alter table head add column turn bigint not null default 0, add column seat text;
`,
  },
]
