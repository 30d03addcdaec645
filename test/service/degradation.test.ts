import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import {
  type SubgraphContext,
  createSubgraphService,
} from '../../subgraphs/service/create-subgraph-service.ts'
import type { ResolverPlace } from '../../subgraphs/service/degradation-notes.ts'
import type { SubgraphAnswer, SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import { foundIn } from '../../subgraphs/api/existing-query.ts'
import { hopOf, member, ready, signer } from './fixture.ts'

const stale = { agent: 'memory', reason: 'stale', ageMs: 40, behind: 2 } as const

type Context = SubgraphContext<object>

const note = (_: unknown, _args: unknown, { notes }: Context, place: ResolverPlace): string => {
  notes.note(place, stale)
  return 'old'
}

/** A subgraph with fields that answer the past, and say so. */
function pastService(): SubgraphService {
  return createSubgraphService({
    name: 'past',
    typeDefs: `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
      type Query { old: String new: String list: [Item!] lost: String! }
      type Item @key(fields: "id") { id: ID! old: String }
      type Subscription { said: String }
    `,
    resolvers: {
      Query: {
        old: note,
        new: () => 'new',
        list: () => Array.from({ length: 150 }, (_, id) => ({ id })),
        lost(source: unknown, args: unknown, context: Context, place: ResolverPlace) {
          note(source, args, context, place)
          throw new EnneadError('NOT_FOUND', 'it was not there')
        },
      },
      Item: {
        __resolveReference(reference: { readonly id: string }, { notes }: Context, place: ResolverPlace) {
          if (reference.id === 'old') notes.note(place, stale, reference)
          return reference
        },
        old: note,
      },
      Subscription: {
        said: {
          async *subscribe() {
            yield 1
          },
          resolve: note,
        },
      },
    },
    context: () => ({}),
    health: () => ready,
    signer,
    log: silentLog,
  })
}

function marksOf({ extensions }: SubgraphAnswer): unknown {
  return extensions
}

test('a field that says it answers the past is marked at its path, by function call and over HTTP alike', async () => {
  const service = pastService()
  const address = await service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (address.kind !== 'tcp') throw new Error('it listens elsewhere')
  const query = '{ a: old new }'
  const expected = {
    data: { a: 'old', new: 'new' },
    extensions: { ennead: { degraded: [{ path: ['a'], ...stale }] } },
  }
  const hop = hopOf(member())
  expect(await service.execute({ query }, hop)).toEqual(expected)
  const body = JSON.stringify({ query })
  const target = { audience: service.name, method: 'POST', path: '/graphql', body }
  const response = await fetch(`http://127.0.0.1:${address.port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signer.headers(hop, target) },
    body,
  })
  expect(await response.json()).toEqual(expected)
  expect(await service.execute({ query: '{ new }' }, hop)).toEqual({ data: { new: 'new' } })
  await service.close()
})

test('a failure that follows from the past is marked, and so is each event of a subscription', async () => {
  const service = pastService()
  const hop = hopOf(member())
  const lost = await service.execute({ query: '{ lost }' }, hop)
  expect(lost).toMatchObject({ data: null, errors: [{ extensions: { code: 'NOT_FOUND' } }] })
  expect(marksOf(lost)).toEqual({ ennead: { degraded: [{ path: ['lost'], ...stale }] } })
  const events = service.subscribe({ query: 'subscription { said }' }, hop)
  expect((await events.next()).value).toEqual({
    data: { said: 'old' },
    extensions: { ennead: { degraded: [{ path: ['said'], ...stale }] } },
  })
  await events.return?.()
  await service.close()
})

test('of entities those are marked that are of the past, and more marks than the limit become one', async () => {
  const service = pastService()
  const hop = hopOf(member())
  const query = `query($representations: [_Any!]!) { _entities(representations: $representations) { ... on Item { id } } }`
  const representations = ['a', 'old', 'b'].map(id => ({ __typename: 'Item', id }))
  expect(marksOf(await service.execute({ query, variables: { representations } }, hop))).toEqual({
    ennead: { degraded: [{ path: ['_entities', 1], ...stale }] },
  })
  expect(marksOf(await service.execute({ query: '{ new list { old } }' }, hop))).toEqual({
    ennead: { degraded: [{ path: ['list'], ...stale }] },
  })
  await service.close()
})

test('whether something exists is not believed when the answer is of the past', () => {
  const answer = { data: { _entities: [{ version: 1 }] } }
  const asked = [{ id: 'task_1' }]
  expect(foundIn(answer, asked)).toEqual(new Set(['task_1']))
  const extensions = { ennead: { degraded: [{ path: ['_entities'], ...stale }] } }
  expect(() => foundIn({ ...answer, extensions }, asked)).toThrow('what there was, not what there is')
})
