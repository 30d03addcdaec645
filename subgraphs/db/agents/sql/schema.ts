import { fields } from '../../condition.ts'
import { columns } from './columns.ts'

export interface Migration {
  /** Counts up by one from 1. */
  readonly version: number
  readonly name: string
  /** Statements; names of tables are not qualified, the search path is the store's schema. */
  readonly sql: string
  /** Statements that lead back; undefined: there is nothing before it. */
  readonly down: string | undefined
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
    down: undefined,
  },
  {
    version: 2,
    name: 'seat',
    sql: `
-- The store's part in the quorum, as JSON, and how often it has changed; in the one row that every change waits for.
alter table head add column turn bigint not null default 0, add column seat text;
`,
    down: 'alter table head drop column turn, drop column seat;',
  },
  {
    version: 3,
    name: 'few of many, and text',
    sql: `
-- Records of which few fulfil a filter: found by it and sorted, where walking along an order would meet too many others.
create index task_status on records (workspace_id, status, updated_at) where kind = 'task' and status <> 'DONE';
create index task_urgency on records (workspace_id, priority, updated_at) where kind = 'task' and priority > 1;
create index task_creator on records (workspace_id, creator_id) where kind = 'task';
create index task_title on records using hash (title) where kind = 'task';
-- How many texts hold a word is known by samples only; without them the planner takes every word for rare.
create statistics task_title_sample on (coalesce(lowered ->> 'title', lower(title collate "C"))) from records;
create statistics task_text_sample on (coalesce(lowered ->> 'search_text', lower(search_text collate "C"))) from records;
alter statistics task_title_sample set statistics 500;
alter statistics task_text_sample set statistics 500;
-- Texts by their trigrams. The extension belongs to PostgreSQL and may be created by who may create in the database; where
-- it is not there or not allowed, searches read whole workspaces (docs/stores.md).
do $text$
declare home text;
begin
  perform pg_advisory_xact_lock(hashtextextended('ennead:pg_trgm', 0));
  begin
    create extension if not exists pg_trgm with schema public;
  exception when others then
    begin
      create extension if not exists pg_trgm;
    exception when others then
      raise notice 'pg_trgm cannot be created: %', sqlerrm;
    end;
  end;
  select nspname into home from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname = 'pg_trgm';
  if home is null then return; end if;
  execute format('create index task_title_text on records using gin
    ((coalesce(lowered ->> ''title'', lower(title collate "C"))) %I.gin_trgm_ops)
    with (gin_pending_list_limit = 1024) where kind = ''task''', home);
  execute format('create index task_text on records using gin
    ((coalesce(lowered ->> ''search_text'', lower(search_text collate "C"))) %I.gin_trgm_ops)
    with (gin_pending_list_limit = 1024) where kind = ''task''', home);
end
$text$;
`,
    // The extension stays: others may use it.
    down: `
drop index if exists task_status, task_urgency, task_creator, task_title, task_title_text, task_text;
drop statistics if exists task_title_sample, task_text_sample;
`,
  },
  {
    version: 4,
    name: 'lists without their records',
    // What filters ask for stands in the index that is in the list's order, so that thousands of tasks are passed over without
    // reading them. Lists of ids do not: an entry of an index has 2,704 bytes at most, and a task may have 100 of them.
    sql: `
create index task_created_list on records (workspace_id, created_at, id) include (status, priority, project_id, creator_id, due_at, updated_at, deleted_at) where kind = 'task';
drop index task_created;
alter index task_created_list rename to task_created;
create index task_updated_list on records (workspace_id, updated_at, id) include (status, priority, project_id, creator_id, due_at, created_at, deleted_at) where kind = 'task';
drop index task_updated;
alter index task_updated_list rename to task_updated;
create index task_due_list on records (workspace_id, (due_at is null), due_at, id) include (status, priority, project_id, creator_id, created_at, updated_at, deleted_at) where kind = 'task';
drop index task_due;
alter index task_due_list rename to task_due;
create index task_priority_list on records (workspace_id, priority, id) include (status, project_id, creator_id, due_at, created_at, updated_at, deleted_at) where kind = 'task';
drop index task_priority;
alter index task_priority_list rename to task_priority;
create index task_project_list on records (project_id, created_at, id) include (workspace_id, status, priority, creator_id, due_at, updated_at, deleted_at) where kind = 'task';
drop index task_project;
alter index task_project_list rename to task_project;
`,
    down: `
drop index task_created, task_updated, task_due, task_priority, task_project;
create index task_created on records (workspace_id, created_at, id) where kind = 'task';
create index task_updated on records (workspace_id, updated_at, id) where kind = 'task';
create index task_due on records (workspace_id, (due_at is null), due_at, id) where kind = 'task';
create index task_priority on records (workspace_id, priority, id) where kind = 'task';
create index task_project on records (project_id, created_at, id) where kind = 'task';
`,
  },
  {
    version: 5,
    name: 'leases',
    sql: `
-- Who does what only one process at a time is to do, until when by this server's clock, and as the how-manieth.
create table leases (
  name text collate "C" primary key,
  holder text collate "C" not null,
  term bigint not null,
  length_ms integer not null,
  expires_at timestamptz not null,
  -- What the next holder goes on from.
  note text
);
`,
    down: 'drop table leases;',
  },
  {
    version: 6,
    name: 'places in the lists of people and labels',
    sql: `
-- What another process writes meanwhile would have no places.
lock table records in share row exclusive mode;
-- Where a task stands in the list of each of its people and labels, in every order: an array has no index in an order.
create table task_places (
  -- The first 16 bytes of the SHA-256 of what the list is of (list_of, and place-lists.ts).
  list uuid not null,
  place_id text collate "C" not null,
  place_created_at text collate "C",
  place_updated_at text collate "C",
  place_due_at text collate "C",
  place_priority double precision,
  primary key (place_id, list)
);
create function list_of(field text, workspace_id text, id text) returns uuid language sql immutable strict parallel safe
  as $list$ select encode(substring(sha256(convert_to(field || ' ' || octet_length(workspace_id)::text || ' ' || workspace_id || ' ' || id, 'UTF8')) from 1 for 16), 'hex')::uuid $list$;
-- What a record's places are to be; the doctor asks it too.
create function places_of(r records) returns setof task_places language sql stable set search_path from current
  as $places$ select list, r.id, r.created_at, r.updated_at, r.due_at, r.priority from (
    select list_of('assigneeIds', r.workspace_id, id) as list from unnest(r.assignee_ids) as id
    union select list_of('labelIds', r.workspace_id, id) from unnest(r.label_ids) as id
  ) as lists where r.kind = 'task' $places$;
-- Every change of a record, whoever makes it, changes its places in the same transaction.
create function place_task() returns trigger language plpgsql set search_path from current as $place$
begin
  if tg_op <> 'INSERT' then delete from task_places where place_id = old.id; end if;
  if tg_op <> 'DELETE' and (cardinality(new.assignee_ids) > 0 or cardinality(new.label_ids) > 0) then
    insert into task_places select * from places_of(new);
  end if;
  return null;
end
$place$;
insert into task_places select distinct list_of(field, workspace_id, of), id, created_at, updated_at, due_at, priority from records,
  lateral (select 'assigneeIds', unnest(assignee_ids) union all select 'labelIds', unnest(label_ids)) as lists (field, of) where kind = 'task';
create index task_places_created on task_places (list, place_created_at, place_id);
create index task_places_updated on task_places (list, place_updated_at, place_id);
create index task_places_due on task_places (list, ((place_due_at is null)::int), place_due_at, place_id);
create index task_places_priority on task_places (list, place_priority, place_id);
create trigger task_placed after insert or update on records for each row when (new.kind = 'task') execute function place_task();
create trigger task_removed after delete on records for each row when (old.kind = 'task') execute function place_task();
-- The few of a status are found without reading them, those of a priority by the index of its order, and tasks without a due
-- date by their ids among each other (condition-sql.ts).
drop index task_due, task_status, task_urgency;
create index task_due on records (workspace_id, ((due_at is null)::int), due_at, id) include (status, priority, project_id, creator_id, created_at, updated_at, deleted_at) where kind = 'task';
create index task_status on records (workspace_id, status, updated_at, id) include (priority, project_id, creator_id, due_at, created_at, deleted_at) where kind = 'task' and status <> 'DONE';
-- What a partial index says of its expressions the planner does not use.
create statistics task_dated_sample on ((due_at is null)::int) from records;
-- Expressions are known to the planner from here on only; without that lists of dates pass over all tasks.
analyze task_places, records;
`,
    down: `
drop statistics task_dated_sample;
drop index task_due, task_status;
create index task_due on records (workspace_id, (due_at is null), due_at, id) include (status, priority, project_id, creator_id, created_at, updated_at, deleted_at) where kind = 'task';
create index task_status on records (workspace_id, status, updated_at) where kind = 'task' and status <> 'DONE';
create index task_urgency on records (workspace_id, priority, updated_at) where kind = 'task' and priority > 1;
drop trigger task_placed on records;
drop trigger task_removed on records;
drop function place_task();
drop function places_of(records);
drop function list_of(text, text, text);
drop table task_places;
`,
  },
]
