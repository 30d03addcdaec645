import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { newGlobalId } from '../../kernel/global-id.ts'
import { silentLog } from '../../kernel/log.ts'
import { grantOf } from '../../subgraphs/auth/abilities.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../subgraphs/db/agents/sql/embedded/embedded-postgres.ts'
import { openSqlStore } from '../../subgraphs/db/agents/sql/sql-store.ts'
import { createProject } from '../../subgraphs/db/commands/create-project.ts'
import { createTask } from '../../subgraphs/db/commands/create-task.ts'
import { updateTask } from '../../subgraphs/db/commands/update-task.ts'
import { type DbDomain, openDbDomain } from '../../subgraphs/db/domain.ts'
import { Viewer } from '../../subgraphs/db/viewer.ts'
import { description, plainOperations, title } from './plain-sql.ts'

/** What is measured: the same five things, done by the domain db and by plain SQL. */
export interface Operations {
  create(turn: number): Promise<unknown>
  update(turn: number): Promise<unknown>
  strongRead(turn: number): Promise<unknown>
  sessionRead(turn: number): Promise<unknown>
  list(turn: number): Promise<unknown>
}

/** An embedded PostgreSQL, and both ways to use it. */
export interface Subjects extends AsyncDisposable {
  readonly ennead: Operations
  readonly plain: Operations
  readonly server: EmbeddedPostgres
}

const patience = { readMs: 30_000, readAttemptMs: 10_000, commitMs: 30_000, attemptMs: 10_000 }

/** Starts both on one new server; each has made `tasks` tasks already. */
export async function openSubjects(tasks: number): Promise<Subjects> {
  const folder = await mkdtemp(join(tmpdir(), 'ennead-bench-'))
  const server = await startEmbeddedPostgres({ directory: join(folder, 'sql'), log: silentLog })
  const { socketDirectory: directory, user, database } = server
  const connection = { kind: 'socket', directory, user, database } as const
  const domain = await openDbDomain({
    engines: [
      { name: 'sql', open: () => openSqlStore({ connection, log: silentLog }) },
      { name: 'nosql', open: () => openLmdbStore({ directory: join(folder, 'nosql'), log: silentLog }) },
      { name: 'cache', open: () => openLmdbStore({ directory: join(folder, 'cache'), log: silentLog }) },
    ],
    actors: { known: (_, ids) => Promise.resolve(new Set(ids)) },
    limits: patience,
  })
  const sql = postgres({
    path: `${directory}/.s.PGSQL.5432`,
    user,
    database,
    max: 8,
    onnotice: () => undefined,
  })
  const ennead = await enneadOperations(domain)
  const plain = await plainOperations(sql)
  for (const subject of [ennead, plain]) {
    for (let turn = 0; turn < tasks; turn += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => subject.create(turn + index)))
    }
  }
  return {
    ennead,
    plain,
    server,
    async [Symbol.asyncDispose]() {
      await sql.end()
      await domain.close()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function enneadOperations(domain: DbDomain): Promise<Operations> {
  const workspaceId = newGlobalId('Workspace')
  const actorId = newGlobalId('User')
  const viewer = new Viewer({
    kind: 'actor',
    actorId,
    workspaceId,
    ...grantOf('OWNER', workspaceId, actorId),
    sessionId: undefined,
    expiresAt: Number.MAX_SAFE_INTEGER,
    source: 'bench',
  })
  const call = { viewer, signal: new AbortController().signal, remainingMs: 30_000 }
  const projects: string[] = []
  // Numbers of one project are given one after the other; work is spread as in a workspace of some size.
  for (const key of ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']) {
    const made = await domain.commands.run(createProject, {
      ...call,
      input: { key, name: key },
      idempotencyKey: undefined,
    })
    projects.push(made.record?.id ?? '')
  }
  const ids: string[] = []
  const key = (turn: number) => ({ kind: 'task', id: ids[(turn * 7_919) % ids.length] ?? '' }) as const
  return {
    async create(turn) {
      const projectId = projects[turn % projects.length] ?? ''
      const input = { projectId, title: title(turn), description, status: 'TODO', priority: 'NONE' } as const
      const made = await domain.commands.run(createTask, { ...call, input, idempotencyKey: randomUUID() })
      if (made.record === undefined) throw new Error(JSON.stringify(made.errors))
      ids.push(made.record.id)
    },
    async update(turn) {
      const input = { id: key(turn).id, title: title(turn + 1) }
      const { errors } = await domain.commands.run(updateTask, {
        ...call,
        input,
        idempotencyKey: randomUUID(),
      })
      if (errors.length > 0) throw new Error(JSON.stringify(errors))
    },
    strongRead: turn => domain.current.call('read', [key(turn)]),
    sessionRead: turn => domain.reads.call('read', [key(turn)]),
    list: () =>
      domain.reads.call('query', {
        kind: 'task',
        workspaceId,
        where: { is: 'all', of: [{ is: 'in', field: 'deletedAt', values: [null] }, viewer.readable('task')] },
        order: { field: 'updatedAt', direction: 'descending' },
        limit: 51,
      }),
  }
}
