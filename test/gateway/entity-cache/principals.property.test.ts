import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SubgraphContext } from '../../../gateway/execution/subgraph.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { writtenPrincipal } from '../../../kernel/kept-principals.ts'
import type { Principal } from '../../../kernel/principal.ts'
import { federated } from '../../support/federated.ts'
import type { Federated, SubgraphDefinition } from '../../support/federated.ts'
import { manualClock } from '../../support/manual-clock.ts'

const definitions: Readonly<Record<string, SubgraphDefinition>> = {
  accounts: { sdl: `type Query { me: Account } type Account @key(fields: "id") { id: ID! }` },
  notes: { sdl: `type Account @key(fields: "id") { id: ID! note: String }` },
}

function token(subject: string, scopes: readonly string[]): Principal {
  return { kind: 'token', subject, scopes, policies: [], expiresAt: 2 ** 31 }
}

/** Who asks: by a principal, by a header, or nobody. */
const askers: readonly Partial<SubgraphContext>[] = [
  {},
  { headers: { 'accept-language': 'de' } },
  { headers: { authorization: 'Bearer one' } },
  { headers: { authorization: 'Bearer two', 'accept-language': 'de' } },
  { headers: { cookie: 'session=1' } },
  { principal: token('one', ['read']) },
  { principal: token('one', ['read', 'write']) },
  { principal: token('two', ['read']) },
  { principal: token('two', ['read']), headers: { authorization: 'Bearer one' } },
]

function nameOf({ principal, headers = {} }: Partial<SubgraphContext>): string {
  return JSON.stringify([principal && writtenPrincipal(principal).digest, Object.entries(headers)])
}

/** Subgraphs that answer everybody with who they are. */
function tell({ subgraph }: Federated, cacheControl: () => string | undefined, down: () => boolean): void {
  const http = (): { status: number; cacheControl: string | undefined; age: undefined; vary: undefined } => ({
    status: 200,
    cacheControl: cacheControl(),
    age: undefined,
    vary: undefined,
  })
  for (const name of Object.keys(definitions)) {
    subgraph(name).intercept = ({ variables = {} }, context) => {
      if (down()) return Promise.reject(new EnneadError('SUBGRAPH_UNREACHABLE', 'it is down'))
      const who = nameOf({ principal: context.principal, headers: context.headers })
      const representations = variables['representations']
      const data = Array.isArray(representations)
        ? { _entities: representations.map(() => ({ __typename: 'Account', note: who })) }
        : { me: { __typename: 'Account', id: 'the same for all' } }
      return Promise.resolve({ data, http: http() })
    }
  }
}

const step = fc.record({
  asker: fc.nat(askers.length - 1),
  // Nothing of this says that an answer is for others than those who got it.
  said: fc.constantFrom(
    'private, max-age=60',
    'max-age=60',
    'max-age=1',
    'private, max-age=1',
    'no-store',
    undefined,
  ),
  down: fc.boolean(),
  passMs: fc.constantFrom(0, 0, 500, 2_000),
})

test('nobody gets an answer that was kept for somebody else, fresh or stale', async () => {
  let kept = 0
  let stale = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async steps => {
      const clock = manualClock()
      const graph = federated(definitions, {
        entityCache: {},
        clock,
        observe: event => {
          if (event.is !== 'entityCache') return
          if (event.outcome === 'stale') stale += event.count
          if (event.outcome === 'fresh') kept += event.count
        },
      })
      let said: string | undefined
      let down = false
      tell(
        graph,
        () => said,
        () => down,
      )
      for (const each of steps) {
        said = each.said
        down = each.down
        clock.advance(each.passMs)
        const asker = askers[each.asker] ?? {}
        const { data } = await graph.ask('{ me { note } }', asker)
        const note =
          (data as { me: { note: string | null } | null } | null | undefined)?.me?.note ?? undefined
        if (note !== undefined) expect(note).toBe(nameOf(asker))
      }
      await graph.engine.close()
    }),
    { numRuns: 25 },
  )
  // Otherwise it would say nothing.
  expect(kept).toBeGreaterThan(20)
  expect(stale).toBeGreaterThan(20)
})
