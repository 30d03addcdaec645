import { createSubgraphService } from '../../subgraphs/service/create-subgraph-service.ts'
import type { SubgraphLimits } from '../../subgraphs/service/subgraph-limits.ts'
import { dateTimeScalar } from '../../subgraphs/service/date-time.ts'
import type { SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Hop } from '../../kernel/hop.ts'
import { type Log, silentLog } from '../../kernel/log.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import { ready, signer } from './fixture.ts'

const typeDefs = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@authenticated", "@requiresScopes"])
  scalar DateTime
  type Note @key(fields: "id") { id: ID! text: String! }
  type Secret @authenticated { text: String! }
  type Query {
    hello: String!
    whoami: String @authenticated
    secret: Secret
    read: String @requiresScopes(scopes: [["tasks:read"]])
    either: String @requiresScopes(scopes: [["a", "b"], ["c"]])
    crash: String
    refuse: String
    echo(at: DateTime, first: Int! = 1): DateTime
    badInstant: DateTime
    hang: String
  }
  type Mutation { write: Int! }
  type Subscription {
    ticks: Int!
    failing: Int!
    owned: Int! @authenticated
  }
`

export interface Notes {
  readonly service: SubgraphService
  /** How often sources of `ticks` were let go of. */
  readonly released: () => number
  readonly opened: () => number
  /** Requests that hang in a resolver and whose caller has not left. */
  readonly hung: () => number
  readonly push: (value: number) => void
}

/** A small subgraph with everything the door has to get right. */
export function notes(
  changes: {
    readonly log?: Log
    readonly ready?: boolean
    readonly limits?: Partial<SubgraphLimits>
    readonly signer?: HopSigner
  } = {},
): Notes {
  let released = 0
  let opened = 0
  let hung = 0
  let written = 0
  const listeners = new Set<(value: number) => void>()
  const ticks = (): AsyncIterableIterator<number> => {
    opened += 1
    const queue: number[] = []
    const waiting: ((result: IteratorResult<number>) => void)[] = []
    const listen = (value: number): void => {
      const settle = waiting.shift()
      if (settle === undefined) queue.push(value)
      else settle({ done: false, value })
    }
    listeners.add(listen)
    return {
      [Symbol.asyncIterator]() {
        return this
      },
      next() {
        const value = queue.shift()
        if (value !== undefined) return Promise.resolve({ done: false, value })
        // Never settled when it is left: the stream must not depend on it.
        return new Promise(settle => waiting.push(settle))
      },
      return() {
        if (listeners.delete(listen)) released += 1
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }
  const service = createSubgraphService({
    name: 'notes',
    typeDefs,
    signer: changes.signer ?? signer,
    log: changes.log ?? silentLog,
    ...(changes.limits === undefined ? {} : { limits: changes.limits }),
    health: () => ({ ...ready, ready: changes.ready ?? true }),
    context: () => ({ made: performance.now() }),
    resolvers: {
      DateTime: dateTimeScalar,
      Query: {
        hello: () => 'hello',
        whoami: (_: unknown, _args: object, { hop }: { hop: Hop }) =>
          hop.principal?.kind === 'actor' ? hop.principal.actorId : 'service',
        secret: () => ({ text: 'secret' }),
        read: () => 'read',
        either: () => 'either',
        crash: () => {
          throw new Error('connect to postgres://admin:hunter2@db failed')
        },
        refuse: () => {
          throw new EnneadError('NOT_FOUND', 'there is no such note', { facts: { note: 7 } })
        },
        echo: (_: unknown, { at }: { at: string | null }) => at,
        badInstant: () => 'yesterday',
        hang(_: unknown, _args: object, { hop }: { hop: Hop }) {
          hung += 1
          return new Promise((_resolve, reject) => {
            hop.signal.addEventListener('abort', () => {
              hung -= 1
              reject(hop.signal.reason)
            })
          })
        },
      },
      Mutation: { write: () => (written += 1) },
      Note: {
        __resolveReference: ({ id }: { id: string }) => ({ id, text: `note ${id}` }),
      },
      Subscription: {
        ticks: { subscribe: ticks, resolve: (value: number) => value },
        owned: { subscribe: ticks, resolve: (value: number) => value },
        failing: {
          subscribe: () => ({
            [Symbol.asyncIterator]: () => ({
              next: () => Promise.reject(new EnneadError('CURSOR_EXPIRED', 'load anew')),
            }),
          }),
        },
      },
    },
    routes: (server, door) => {
      server.get('/v1/me', request => ({ principal: door.requireHop(request).principal ?? null }))
      server.get('/v1/crash', () => {
        throw new Error('hunter2')
      })
      server.post('/v1/echo', request => request.body)
    },
  })
  return {
    service,
    released: () => released,
    opened: () => opened,
    hung: () => hung,
    push: value => listeners.forEach(listen => listen(value)),
  }
}
