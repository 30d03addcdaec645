import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Consistency } from '../../kernel/consistency.ts'
import { silentLog } from '../../kernel/log.ts'
import { newGlobalId } from '../../kernel/global-id.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import { openApiDomain } from '../../subgraphs/api/domain.ts'
import { createApiService } from '../../subgraphs/api/service.ts'
import { grantOf } from '../../subgraphs/auth/abilities.ts'
import { openLmdbStore } from '../../subgraphs/db/agents/nosql/lmdb-store.ts'
import { openDbDomain } from '../../subgraphs/db/domain.ts'
import { createDbService } from '../../subgraphs/db/service.ts'
import type { ActorDirectory } from '../../subgraphs/service/actor-directory.ts'
import type { SubgraphAnswer, SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import { eventually, hopOf, member, signer, temporaryFolder } from '../service/fixture.ts'
import { cursorKey } from './little-api.ts'
import type { Way } from './little-db.ts'

const ways: readonly Way[] = ['websocket', 'graphql', 'rest']
const everyone: ActorDirectory = { known: (_, ids) => Promise.resolve(new Set(ids)) }

interface Both extends AsyncDisposable {
  readonly api: SubgraphService
  readonly mine: ActorPrincipal
  readonly theirs: ActorPrincipal
  /** Creates a task and answers its id. */
  createTask(): Promise<string>
  ask(
    query: string,
    variables: Readonly<Record<string, unknown>>,
    as?: ActorPrincipal,
    consistency?: Consistency,
  ): Promise<SubgraphAnswer>
}

/** The real db subgraph on LMDB, and api with only this way to it. */
async function both(only: Way): Promise<Both> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'db.sock')
  const dbDomain = await openDbDomain({
    engines: [
      { name: 'nosql', open: () => openLmdbStore({ directory: join(folder.path, 'lmdb'), log: silentLog }) },
    ],
    actors: everyone,
    limits: { readMs: 5_000, readAttemptMs: 1_000 },
  })
  const db = createDbService(dbDomain, { typeDefs: schema('db'), signer })
  await db.listen({ kind: 'unix', path })
  const apiDomain = await openApiDomain({
    db: { kind: 'unix', path },
    signer,
    cursorKey,
    actors: everyone,
    baseUrl: () => 'http://localhost:4000',
    absent: new Map(ways.filter(way => way !== only).map(way => [way, 'switched off'])),
    timeoutMs: 5_000,
    attemptMs: 1_000,
  })
  const api = createApiService(apiDomain, { typeDefs: schema('api'), signer, log: silentLog })
  const [mine, theirs] = [somebody(), somebody()]
  const run = async (query: string): Promise<Readonly<Record<string, unknown>>> => {
    const { data, errors } = await db.execute({ query }, hopOf(mine))
    if (!data || errors) throw new Error(JSON.stringify(errors))
    return data
  }
  // The mutations below ask for exactly these fields.
  const project = (await run(
    'mutation { made: createProject(input: { key: "ENN", name: "Ennead" }) { project { id } } }',
  )) as { made: { project: { id: string } } }
  return {
    api,
    mine,
    theirs,
    async createTask() {
      const input = `{ projectId: "${project.made.project.id}", title: "A task" }`
      const task = await run(`mutation { made: createTask(input: ${input}) { task { id } } }`)
      return (task as { made: { task: { id: string } } }).made.task.id
    },
    ask: (query, variables, as = mine, consistency) =>
      api.execute({ query, variables }, { ...hopOf(as), consistency }),
    async [Symbol.asyncDispose]() {
      await api.close(0)
      await apiDomain.close()
      await db.close(0)
      await dbDomain.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

function somebody(): ActorPrincipal {
  const [workspaceId, actorId] = [newGlobalId('Workspace'), newGlobalId('User')]
  return member(['tasks:read', 'tasks:write'], {
    workspaceId,
    actorId,
    ...grantOf('MEMBER', workspaceId, actorId),
  })
}

function schema(name: 'api' | 'db'): string {
  return readFileSync(new URL(`../../schema/${name}.graphql`, import.meta.url), 'utf8')
}

const node = 'query ($id: ID!) { node(id: $id) { __typename id } }'

describe.each(ways)('over the real db and only the way by %s', way => {
  test('a task is found by its workspace and nobody else', async () => {
    await using under = await both(way)
    const id = await under.createTask()
    // A held stream needs a moment to connect.
    let answer: SubgraphAnswer = {}
    await eventually(() => {
      void under.ask(node, { id }).then(got => {
        answer = got
      })
      return answer.data?.['node'] !== undefined && answer.data['node'] !== null
    })
    expect(answer).toEqual({ data: { node: { __typename: 'Task', id } } })
    expect(await under.ask(node, { id }, under.theirs)).toEqual({ data: { node: null } })

    // What a session must show is asked of db, and how far that reached is not heard here.
    const inSession = (session: string) => under.ask(node, { id }, under.mine, { level: 'session', session })
    expect(await inSession('db=:0')).toEqual({
      data: { node: { __typename: 'Task', id } },
      extensions: { ennead: { session: 'db=:0+' } },
    })
    const { errors } = await inSession('db=elsewhere:5')
    expect(errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['CURSOR_EXPIRED'])
  })

  test('its events arrive as they happen, in its workspace only', async () => {
    await using under = await both(way)
    const operation = { query: 'subscription { taskEvents { kind task { id } actor { id } } }' }
    const stream = under.api.subscribe(operation, hopOf(under.mine))
    const theirs = under.api.subscribe(operation, hopOf(under.theirs))
    const [first, nothing] = [stream.next(), theirs.next()]
    // What is created until the feed has found the log's head is history to the subscriber.
    const created: string[] = []
    const ticker = setInterval(() => void under.createTask().then(id => created.push(id)), 20)
    const { value } = await first
    clearInterval(ticker)
    const event = (value as { data: { taskEvents: { kind: string; task: { id: string } } } }).data.taskEvents
    expect(event).toMatchObject({ kind: 'CREATED', actor: { id: under.mine.actorId } })
    await eventually(() => created.includes(event.task.id))
    await stream.return?.()
    await theirs.return?.()
    expect((await nothing).done).toBe(true)
  })
})

test.each(['graphql', 'rest'] as const)("a task's activity is read by the way by %s", async way => {
  await using under = await both(way)
  const id = await under.createTask()
  await under.createTask()
  const query = `query ($task: [_Any!]!) { _entities(representations: $task) {
    ... on Task { url activity(first: 1) { nodes { kind } pageInfo { hasNextPage } } } } }`
  const task = [{ __typename: 'Task', id, number: 1, project: { key: 'ENN' } }]
  const activity = { nodes: [{ kind: 'CREATED' }], pageInfo: { hasNextPage: false } }
  expect(await under.ask(query, { task })).toEqual({
    data: { _entities: [{ url: 'http://localhost:4000/t/ENN-1', activity }] },
  })
})
