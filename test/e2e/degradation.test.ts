import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { schemaText } from '../../cli/package-root.ts'
import { localSubgraph } from '../../cli/wiring/local-subgraph.ts'
import { createEngine } from '../../gateway/create-engine.ts'
import { startGatewayServer } from '../../gateway/http/gateway-server.ts'
import { fixedSupergraph } from '../../gateway/supergraph/supergraph-source.ts'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { silentLog } from '../../kernel/log.ts'
import { openApiDomain } from '../../subgraphs/api/domain.ts'
import { createApiService } from '../../subgraphs/api/service.ts'
import { createAuthService } from '../../subgraphs/auth/service.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { openSqlStore } from '../../subgraphs/db/agents/sql/sql-store.ts'
import type { StoreEngine } from '../../subgraphs/db/task-store.ts'
import { openDesk } from '../auth/auth-desk.ts'
import { openTestDb, signer } from '../db/domain/fixture.ts'
import { testFolder, testPostgres } from '../db/sql/postgres-for-tests.ts'
import { until } from '../support/until.ts'

interface Answer {
  // The shape is the query's, which the compiler cannot see.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly data: any
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
  readonly extensions?: { readonly ennead: { readonly degraded: readonly Mark[] } }
}

interface Mark {
  readonly path: readonly (string | number)[]
  readonly agent: string
  readonly reason: string
  readonly ageMs: number
}

/** A store that takes over nothing while `stopped()`, but votes on top of what it has; all else is as it is. */
async function following(opening: Promise<StoreEngine>, stopped: () => boolean): Promise<StoreEngine> {
  const engine = await opening
  const { absorb, vote } = engine.operations
  if (absorb === undefined || vote === undefined) throw new Error('a store must absorb and vote')
  const operations: StoreEngine['operations'] = {
    ...engine.operations,
    absorb: (entries, attempt) =>
      stopped() ? Promise.reject(new Error('no space left')) : absorb(entries, attempt),
    vote: (change, attempt) =>
      stopped() && change.apply.length > 0
        ? Promise.reject(new Error('no space left'))
        : vote(change, attempt),
  }
  return { operations, detail: engine.detail, close: () => engine.close() }
}

test('a client is told what is of the past and how old it may be, and nothing when all is well', async () => {
  await using postgres = await testPostgres()
  await using folder = await testFolder()
  await using desk = await openDesk()
  let stopped = false
  await using db = await openTestDb({
    actors: desk.domain,
    engines: [
      { name: 'sql', open: () => openSqlStore({ connection: postgres.connection, log: silentLog }) },
      {
        name: 'nosql',
        open: () =>
          following(openLmdbStore({ directory: join(folder.path, 'nosql'), log: silentLog }), () => stopped),
      },
      {
        name: 'cache',
        open: () =>
          following(openLmdbStore({ directory: join(folder.path, 'cache'), log: silentLog }), () => stopped),
      },
    ],
  })
  const address = await db.service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (address.kind !== 'tcp') throw new Error('it listens elsewhere')
  const api = await openApiDomain({
    db: { kind: 'tcp', url: `http://127.0.0.1:${address.port}` },
    signer,
    actors: desk.domain,
    cursorKey: randomBytes(32),
    baseUrl: () => 'https://tasks.example',
    timeoutMs: 3_000,
    attemptMs: 1_000,
  })
  const log = silentLog
  const services = new Map([
    ['db', db.service],
    ['auth', createAuthService(desk.domain, { typeDefs: await schemaText('auth'), signer, log })],
    ['api', createApiService(api, { typeDefs: await schemaText('api'), signer, log })],
  ])
  const engine = createEngine({
    supergraph: fixedSupergraph(loadSupergraph(await schemaText('supergraph'))),
    subgraph(name) {
      const service = services.get(name)
      if (service === undefined) throw new Error(`no subgraph ${name}`)
      return localSubgraph(service)
    },
  })
  const server = await startGatewayServer({
    engine,
    address: { host: '127.0.0.1', port: 0 },
    log,
    identify: token => desk.domain.identify({ kind: 'bearer', token }),
    identityLifeMs: 0,
    limits: { requestTimeoutMs: 10_000 },
  })
  try {
    const { accessToken } = await desk.signIn()
    const ask = async (query: string, variables: object = {}): Promise<Answer> => {
      const response = await fetch(server.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
        body: JSON.stringify({ query, variables }),
      })
      return (await response.json()) as Answer
    }
    const { data } = await ask(
      'mutation { createProject(input: {key: "ENN", name: "One"}) { project { id } } }',
    )
    const projectId: string = data.createProject.project.id
    const create =
      'mutation($input: CreateTaskInput!) { createTask(input: $input) { task { id } errors { code } } }'
    const made = await ask(create, { input: { projectId, title: 'old' } })
    const id: string = made.data.createTask.task.id
    const look = `query($id: ID!) {
      viewer { role }
      mine: task(id: $id) { name: title url project { key } creator { displayName } }
    }`
    expect(await ask(look, { id })).toEqual({
      data: {
        viewer: { role: 'OWNER' },
        mine: {
          name: 'old',
          url: 'https://tasks.example/t/ENN-1',
          project: { key: 'ENN' },
          creator: { displayName: 'Grace' },
        },
      },
    })
    await until('the copies have it', () =>
      db.domain.health().agents.every(({ detail }) => detail.endsWith(', at 2')),
    )

    stopped = true
    const changedAt = performance.now()
    const changed = await ask(
      'mutation($id: ID!) { updateTask(input: {id: $id, title: "new"}) { task { title } errors { code } } }',
      { id },
    )
    expect(changed).toEqual({ data: { updateTask: { task: { title: 'new' }, errors: [] } } })
    await postgres.server.stop()

    const old = await ask(look, { id })
    expect(old).toMatchObject({ data: { viewer: { role: 'OWNER' }, mine: { name: 'old' } } })
    expect(old.errors).toBeUndefined()
    const passedMs = performance.now() - changedAt
    expect(old.extensions?.ennead.degraded).toEqual([
      {
        path: ['mine'],
        subgraph: 'db',
        agent: 'nosql',
        reason: 'stale',
        ageMs: expect.any(Number),
        behind: 1,
      },
    ])
    expect(old.extensions?.ennead.degraded[0]?.ageMs).toBeLessThanOrEqual(passedMs + 200)

    // What cannot say that it is of the past is refused instead.
    const node = await ask('query($id: ID!) { node(id: $id) { id } }', { id })
    expect(node).toMatchObject({ data: { node: null }, errors: [{ path: ['node'] }] })
    const written = await ask(create, { input: { projectId, title: 'never' } })
    expect(written.data.createTask.errors).toMatchObject([{ code: 'UNAVAILABLE' }])

    desk.disks.rbac.state = 'away'
    desk.disks.issuer.state = 'away'
    const believed = await ask('{ viewer { role } }')
    expect(believed.data).toEqual({ viewer: { role: 'OWNER' } })
    expect(believed.extensions?.ennead.degraded).toEqual([
      { path: [], agent: 'jwt', reason: 'unconfirmed', ageMs: expect.any(Number) },
    ])
  } finally {
    await server.close(100)
    await engine.close()
    await api.close()
    for (const service of services.values()) await service.close(100)
  }
}, 60_000)
