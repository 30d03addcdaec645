import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ApiDomain, type ApiDomainOptions, openApiDomain } from '../../subgraphs/api/domain.ts'
import { createApiService } from '../../subgraphs/api/service.ts'
import type { SubgraphAnswer, SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import { silentLog } from '../../kernel/log.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import { hopOf, member, signer, temporaryFolder } from '../service/fixture.ts'
import { Faults, LittleLog, littleDb } from './little-db.ts'

export const workspaceId = member().workspaceId
export const otherWorkspaceId = 'workspace_0000000000000000000000000b'

/** An api subgraph on a little db, and hands on both. */
export interface LittleApi extends AsyncDisposable {
  readonly log: LittleLog
  readonly faults: Faults
  readonly domain: ApiDomain
  readonly service: SubgraphService
  /** Stops db, so that nothing listens any more. */
  stopDb(): Promise<void>
  /** Starts db again on the same address and log. */
  startDb(): Promise<void>
  ask(
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    as?: ActorPrincipal,
  ): Promise<SubgraphAnswer>
  follow(
    query: string,
    variables?: Readonly<Record<string, unknown>>,
    as?: ActorPrincipal,
  ): AsyncIterableIterator<SubgraphAnswer>
}

export const cursorKey = randomBytes(32)

export async function littleApi(options: Partial<ApiDomainOptions> = {}): Promise<LittleApi> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'db.sock')
  const log = new LittleLog()
  const faults = new Faults()
  let db = littleDb(log, faults)
  await db.listen({ kind: 'unix', path })
  const domain = await openApiDomain({
    db: { kind: 'unix', path },
    signer,
    cursorKey,
    baseUrl: () => 'https://tasks.example.org/',
    actors: {
      known: (workspace, ids) =>
        Promise.resolve(new Set(ids.filter(id => id === workspace || log.objects.get(id) === workspace))),
    },
    // The machine under test may be slow; what is tested here is not how fast it is.
    attemptMs: 1_000,
    timeoutMs: 5_000,
    ...options,
  })
  const typeDefs = readFileSync(new URL('../../schema/api.graphql', import.meta.url), 'utf8')
  const service = createApiService(domain, { typeDefs, signer, log: silentLog })
  return {
    log,
    faults,
    domain,
    service,
    stopDb: () => db.close(0),
    async startDb() {
      db = littleDb(log, faults)
      await db.listen({ kind: 'unix', path })
    },
    ask: (query, variables = {}, as = member()) => service.execute({ query, variables }, hopOf(as)),
    follow: (query, variables = {}, as = member()) => service.subscribe({ query, variables }, hopOf(as)),
    async [Symbol.asyncDispose]() {
      await service.close()
      await domain.close()
      await db.close(0)
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** The code of an answer's first error. */
export function codeOf(answer: SubgraphAnswer | undefined): unknown {
  return answer?.errors?.[0]?.extensions?.['code']
}
