import { createHash, randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { newGlobalId } from '../../kernel/global-id.ts'
import type { Operations } from './operations.ts'

export const title = (turn: number): string => `Task ${turn}: a title of the usual length`
export const description = 'What is to be done, in about two hundred characters. '.repeat(4)

/** The tables of a team that offers the same lists and searches, tells events and keeps idempotency keys; in one store. */
const tables = `create schema plain;
create extension if not exists pg_trgm with schema public;
create table plain.projects (id text primary key, counter int not null);
create table plain.tasks (id text primary key, workspace text not null, project text not null references plain.projects,
  number int not null, version int not null, title text not null, description text, status text not null, priority int not null,
  start_at timestamptz, due_at timestamptz, completed_at timestamptz, estimate int, creator text not null,
  assignees text[] not null, labels text[] not null, parent text, blocked_by text[] not null,
  created_at timestamptz not null, updated_at timestamptz not null, deleted_at timestamptz);
create table plain.events (seq bigserial primary key, id text not null unique, workspace text not null, project text not null,
  task text not null, actor text not null, kind text not null, changed text[] not null, at timestamptz not null);
create table plain.receipts (key text primary key, request_hash text not null, task text, expires_at timestamptz not null);
create index on plain.tasks (workspace, created_at, id);
create index on plain.tasks (workspace, updated_at, id);
create index on plain.tasks (workspace, due_at, id);
create index on plain.tasks (workspace, priority, id);
create index on plain.tasks (project, created_at, id);
create unique index on plain.tasks (project, number);
create index on plain.tasks (parent, created_at, id) where parent is not null;
create index on plain.tasks using gin (assignees);
create index on plain.tasks using gin (labels);
create index on plain.tasks using gin (blocked_by);
create index on plain.tasks (workspace, status, updated_at) where status <> 'DONE';
create index on plain.tasks (workspace, priority, updated_at) where priority > 1;
create index on plain.tasks (workspace, creator);
create index on plain.tasks using gin (lower(title) public.gin_trgm_ops);
create index on plain.tasks using gin (lower(title || ' ' || coalesce(description, '')) public.gin_trgm_ops);
create index on plain.events (workspace, seq);
create index on plain.events (project, seq);
create index on plain.events (task, seq);
create index on plain.receipts (expires_at);`

const projects = 8
const hashOf = (input: object): string => createHash('sha256').update(JSON.stringify(input)).digest('hex')

/**
 * The same promises from one PostgreSQL by hand: a change, its event and the receipt of its idempotency key in one
 * transaction; numbers without gaps; versions.
 */
export async function plainOperations(sql: postgres.Sql): Promise<Operations> {
  await sql.unsafe(tables)
  for (let index = 0; index < projects; index++)
    await sql`insert into plain.projects values (${`p${index}`}, 0)`
  const ids: string[] = []
  const key = (turn: number): string => ids[(turn * 7_919) % ids.length] ?? ''
  const read = (turn: number): Promise<unknown> =>
    sql`select * from plain.tasks where id = ${key(turn)}`.execute()

  const receipt = (tx: postgres.TransactionSql, input: object, task: string): Promise<readonly unknown[]> =>
    tx`insert into plain.receipts values (${randomUUID()}, ${hashOf(input)}, ${task}, now() + interval '1 hour')
      on conflict do nothing returning key`.execute()
  const event = (
    tx: postgres.TransactionSql,
    kind: string,
    project: string,
    task: string,
  ): Promise<unknown> =>
    tx`insert into plain.events (id, workspace, project, task, actor, kind, changed, at)
      values (${newGlobalId('Event')}, 'w', ${project}, ${task}, 'u', ${kind}, '{}', now())`.execute()
  return {
    async create(turn) {
      const id = newGlobalId('Task')
      const project = `p${turn % projects}`
      const input = { project, title: title(turn), description }
      await sql.begin(async tx => {
        const [first] = await receipt(tx, input, id)
        if (first === undefined) throw new Error('a key was used twice')
        const [counted] = await tx`update plain.projects set counter = counter + 1 where id = ${project}
          returning counter`
        await Promise.all([
          tx`insert into plain.tasks values (${id}, 'w', ${project}, ${String(counted?.['counter'])}, 1, ${input.title},
            ${description}, 'TODO', 0, null, null, null, null, 'u', '{}', '{}', null, '{}', now(), now(), null)`,
          event(tx, 'CREATED', project, id),
        ])
      })
      ids.push(id)
    },
    update: turn =>
      sql.begin(async tx => {
        const input = { id: key(turn), title: title(turn + 1) }
        const [first] = await receipt(tx, input, input.id)
        if (first === undefined) throw new Error('a key was used twice')
        const [task] = await tx`select * from plain.tasks where id = ${input.id} for update`
        const [changed] = await tx`update plain.tasks set title = ${input.title}, version = version + 1,
          updated_at = now() where id = ${input.id} and version = ${String(task?.['version'])} returning project`
        await event(tx, 'UPDATED', String(changed?.['project']), input.id)
      }),
    strongRead: read,
    sessionRead: read,
    list: () =>
      sql`select * from plain.tasks where workspace = 'w' and deleted_at is null
        order by updated_at desc, id desc limit 51`.execute(),
  }
}
