import { readFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { newGlobalId } from '../../../kernel/global-id.ts'
import type { Hop } from '../../../kernel/hop.ts'
import { HopSigner } from '../../../kernel/hop-signer.ts'
import { silentLog } from '../../../kernel/log.ts'
import type { ActorPrincipal, Principal, Role } from '../../../kernel/principal.ts'
import { grantOf } from '../../../subgraphs/auth/abilities.ts'
import { type DbDomain, openDbDomain } from '../../../subgraphs/db/domain.ts'
import type { DbDomainOptions } from '../../../subgraphs/db/domain-options.ts'
import type { EngineName, EngineSource } from '../../../subgraphs/db/engine-slot.ts'
import { createDbService } from '../../../subgraphs/db/service.ts'
import type { ActorDirectory } from '../../../subgraphs/service/actor-directory.ts'
import type { SubgraphAnswer, SubgraphService } from '../../../subgraphs/service/subgraph-service.ts'
import { MemoryLeases } from '../../support/memory-leases.ts'
import { MemoryTaskStore } from '../../support/memory-task-store.ts'

export const signer = new HopSigner(randomBytes(32))

/** Everyone is known. */
export const everyone: ActorDirectory = { known: (_, ids) => Promise.resolve(new Set(ids)) }

export interface TestDb extends AsyncDisposable {
  readonly domain: DbDomain
  readonly service: SubgraphService
  readonly stores: Readonly<Record<EngineName, MemoryTaskStore>>
  readonly workspaceId: string
  /** Runs an operation for a member and answers its data; fails on errors. */
  run(query: string, variables?: Readonly<Record<string, unknown>>, principal?: Principal): Promise<Data>
  answer(
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    principal?: Principal,
  ): Promise<SubgraphAnswer>
}

/** Data of an answer; tests know its shape by the query they wrote. */
// oxlint-disable-next-line typescript/no-explicit-any -- the shape is the query's, which the compiler cannot see
export type Data = any

export const quick = {
  reopenFirstMs: 20,
  reopenLastMs: 200,
  probeMs: 20,
  silentMs: 1_000,
  // The machine is shared with others: a stall must not look like a fault.
  readAttemptMs: 1_000,
  readMs: 3_000,
  sessionMs: 5_000,
} as const

export function engineOf(name: EngineName, store: MemoryTaskStore): EngineSource {
  return { name, open: store.open, place: `the folder of ${name}` }
}

/** As PostgreSQL is: it keeps the leases as well. */
function withLeases(engine: EngineSource): EngineSource {
  const leases = new MemoryLeases(() => Date.now())
  return { ...engine, open: async () => ({ ...(await engine.open()), leases }) }
}

export async function openTestDb(options: Partial<DbDomainOptions> = {}): Promise<TestDb> {
  const stores = { sql: new MemoryTaskStore(), nosql: new MemoryTaskStore(), cache: new MemoryTaskStore() }
  const { limits, ...rest } = options
  const domain = await openDbDomain({
    engines: [
      withLeases(engineOf('sql', stores.sql)),
      engineOf('nosql', stores.nosql),
      engineOf('cache', stores.cache),
    ],
    actors: everyone,
    ...rest,
    limits: { ...quick, ...limits },
  })
  const typeDefs = await readFile(new URL('../../../schema/db.graphql', import.meta.url), 'utf8')
  const service = createDbService(domain, { typeDefs, signer, log: options.log ?? silentLog })
  const workspaceId = newGlobalId('Workspace')
  const somebody = principalOf(workspaceId)
  const answer: TestDb['answer'] = (query, variables = {}, principal = somebody) =>
    service.execute({ query, variables }, hopOf(principal))
  return {
    domain,
    service,
    stores,
    workspaceId,
    answer,
    async run(query, variables, principal) {
      const { data, errors } = await answer(query, variables, principal)
      if (errors !== undefined) throw new Error(`unexpected errors: ${JSON.stringify(errors)}`)
      return data
    },
    async [Symbol.asyncDispose]() {
      await service.close()
      await domain.close()
    },
  }
}

export function principalOf(
  workspaceId: string,
  role: Role = 'OWNER',
  actorId = newGlobalId('User'),
): ActorPrincipal {
  return {
    kind: 'actor',
    actorId,
    workspaceId,
    ...grantOf(role, workspaceId, actorId),
    sessionId: undefined,
    expiresAt: Math.floor(Date.now() / 1000) + 3600,
    source: 'test',
  }
}

export function hopOf(
  principal: Principal | undefined,
  signal: AbortSignal = new AbortController().signal,
): Hop {
  return { requestId: 'request-1', principal, remainingMs: 10_000, signal }
}

export const serviceHop = hopOf({ kind: 'service', name: 'api' })

/** Creates a project and answers its id. */
export async function newProject(db: TestDb, key = 'ENN', principal?: Principal): Promise<string> {
  const { createProject } = await db.run(
    `mutation($key: String!) { createProject(input: {key: $key, name: "A project"}) { project { id } errors { code message } } }`,
    { key },
    principal,
  )
  return createProject.project.id
}

export interface NewTask {
  readonly title?: string
  readonly [field: string]: unknown
}

const createTaskMutation = `mutation($input: CreateTaskInput!, $key: String) {
  createTask(input: $input, idempotencyKey: $key) {
    task { id number title version status completedAt } errors { code message path } replayed clientMutationId
  }
}`

/** The payload of createTask. */
export async function createTask(
  db: TestDb,
  projectId: string,
  input: NewTask = {},
  key?: string,
  principal?: Principal,
): Promise<Data> {
  const variables = { input: { projectId, title: 'A task', ...input }, key }
  return (await db.run(createTaskMutation, variables, principal)).createTask
}

/** Creates a task and answers its id. */
export async function newTask(db: TestDb, projectId: string, input: NewTask = {}): Promise<string> {
  const { task, errors } = await createTask(db, projectId, input)
  if (errors.length > 0) throw new Error(JSON.stringify(errors))
  return task.id
}
