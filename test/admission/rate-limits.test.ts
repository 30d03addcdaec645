import { expect, test } from 'vitest'
import { RateLimits } from '../../gateway/admission/rate-limits.ts'
import type { RateClient, RateLimitOptions, RateState } from '../../gateway/admission/rate-limits.ts'
import { silentLog } from '../../kernel/log.ts'
import { federated } from '../support/federated.ts'
import { manualClock } from '../support/manual-clock.ts'

const graph = federated({
  a: { sdl: `type Query { best: Int dear: [Item] @listSize(assumedSize: 10) } type Item { id: ID }` },
})

function limitsOf(options: RateLimitOptions) {
  const limits = new RateLimits(options, silentLog, manualClock())
  return async (query: string, client: RateClient): Promise<RateState | string> => {
    const states: RateState[] = []
    try {
      await limits.operation(client, await graph.engine.prepare({ query }), states)
      return states.at(-1) ?? 'not limited'
    } catch (failure) {
      return failure instanceof Error ? failure.message : String(failure)
    }
  }
}

function signedIn(subject: string, address = '192.0.2.1'): RateClient {
  const principal = { kind: 'token', subject, scopes: [], policies: [], expiresAt: 4_000_000_000 } as const
  return { address, principal }
}

const anonymous = (address: string): RateClient => ({ address, principal: undefined })

test('a principal is limited wherever it asks from, apart from others at its address, and strangers are not', async () => {
  const ask = limitsOf({ perPrincipal: 2 })
  expect(await ask('{ best }', signedIn('ada'))).toMatchObject({ policy: 'principal', remaining: 1 })
  expect(await ask('{ best }', signedIn('ada', '198.51.100.7'))).toMatchObject({ remaining: 0 })
  expect(await ask('{ best }', signedIn('ada', '203.0.113.9'))).toMatch(/^more than 2 in 60 s \(principal\)/)
  expect(await ask('{ best }', signedIn('bo'))).toMatchObject({ remaining: 1 })
  for (let n = 0; n < 5; n++) expect(await ask('{ best }', anonymous('192.0.2.1'))).toBe('not limited')
})

test('cost and fields are those of the principal, and of the address where there is none', async () => {
  const ask = limitsOf({ costPerClient: 25, perField: new Map([['Query.best', 1]]) })
  for (const client of [signedIn('ada'), signedIn('bo'), anonymous('192.0.2.1'), anonymous('192.0.2.2')]) {
    expect(await ask('{ dear { id } }', client)).toMatchObject({ policy: 'cost', limit: 25 })
    expect(await ask('{ best }', client)).toMatchObject({ policy: 'Query.best', remaining: 0 })
    expect(await ask('{ again: best }', client)).toMatch(/\(Query\.best\)/)
    await ask('{ dear { id } }', client)
    expect(await ask('{ dear { id } }', client)).toMatch(/\(cost\)/)
  }
})

test('an IPv6 address is its network of 64 bits, of which one client has all', async () => {
  const ask = limitsOf({ perField: new Map([['Query.best', 1]]) })
  expect(await ask('{ best }', anonymous('2001:db8::1'))).toMatchObject({ remaining: 0 })
  expect(await ask('{ best }', anonymous('2001:db8::ffff:2'))).toMatch(/\(Query\.best\)/)
  expect(await ask('{ best }', anonymous('2001:db8:0:1::1'))).toMatchObject({ remaining: 0 })
})

test.each([
  [{ perPrincipal: -1 }, 'the rate limit of principal must be an integer >= 0, got -1'],
  [
    { perField: new Map([['Query.best', 1.5]]) },
    'the rate limit of Query.best must be an integer >= 0, got 1.5',
  ],
  [{ windowMs: 10 }, 'rateLimits.windowMs must be an integer >= 1000, got 10'],
])('%j is refused', (options, message) => {
  expect(() => limitsOf(options)).toThrow(message)
})
