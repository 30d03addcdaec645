import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hop } from '../../kernel/hop.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import { silentLog } from '../../kernel/log.ts'
import type { Principal } from '../../kernel/principal.ts'
import { createAuthService } from '../../subgraphs/auth/service.ts'
import type { SubgraphAnswer, SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import type { Desk } from './auth-desk.ts'

export const signer = new HopSigner(randomBytes(32))
export const signal = new AbortController().signal

export interface Counter extends AsyncDisposable {
  readonly service: SubgraphService
  ask(
    principal: Principal | undefined,
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<SubgraphAnswer>
}

/** The auth subgraph over a desk. */
export async function openCounter({ domain }: Desk): Promise<Counter> {
  const typeDefs = await readFile(join(import.meta.dirname, '../../schema/auth.graphql'), 'utf8')
  const service = createAuthService(domain, { typeDefs, signer, log: silentLog })
  return {
    service,
    ask: (principal, query, variables = {}) => service.execute({ query, variables }, hopOf(principal)),
    [Symbol.asyncDispose]: () => service.close(),
  }
}

export function hopOf(principal: Principal | undefined): Hop {
  return { requestId: 'r', principal, remainingMs: 5_000, signal, userAgent: 'curl/8', address: '192.0.2.1' }
}
