import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type SessionPlace,
  consistencyIn,
  consistencyOf,
  headersOf,
  joinSessions,
  placeIn,
  sessionAfter,
  sessionToken,
} from '../../kernel/consistency.ts'
import { EnneadError } from '../../kernel/errors.ts'

const places: fc.Arbitrary<SessionPlace> = fc.record({
  epoch: fc.constantFrom('', 'a', 'epoch00000000001'),
  seq: fc.nat(10 ** 12),
  open: fc.boolean(),
})

test('a token says where the session has come to in each subgraph, and goes through headers as it is', () => {
  fc.assert(
    fc.property(places, places, (one, other) => {
      const token = joinSessions(sessionToken('db', one), sessionToken('files', other))
      expect(placeIn(token, 'db')).toEqual(one)
      expect(placeIn(token, 'files')).toEqual(other)
      expect(placeIn(token, 'auth')).toBeUndefined()
      const asked = { level: 'session', session: token } as const
      expect(consistencyOf(headersOf(asked))).toEqual(asked)
      expect(consistencyIn({ ennead: { session: token } })).toEqual(asked)
    }),
  )
})

test('of two places told at the same time the token stands for both, whichever comes first', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.boolean(), fc.boolean(), (one, other, open, otherOpen) => {
      const tokens = [
        sessionToken('db', { epoch: 'e', seq: one, open }),
        sessionToken('db', { epoch: 'e', seq: other, open: otherOpen }),
      ] as const
      const both = { epoch: 'e', seq: Math.max(one, other), open: open || otherOpen }
      expect(placeIn(joinSessions(...tokens), 'db')).toEqual(both)
      expect(placeIn(joinSessions(tokens[1], tokens[0]), 'db')).toEqual(both)
    }),
  )
})

test('a session never goes back: what it came with stays where nothing was heard, and is raised where something was', () => {
  expect(sessionAfter('db=e:5', undefined)).toBe('db=e:5')
  expect(sessionAfter('db=e:5', 'files=f:1')).toBe('db=e:5,files=f:1')
  expect(sessionAfter('db=e:5', 'db=e:3')).toBe('db=e:5')
  // It was answered after all there was had been seen.
  expect(sessionAfter('db=e:5+', 'db=e:6')).toBe('db=e:6')
  expect(sessionAfter('db=e:5', 'db=e:5+')).toBe('db=e:5+')
  // The data has begun anew.
  expect(sessionAfter('db=e:500', 'db=f:3')).toBe('db=f:3')
  expect(sessionAfter(undefined, undefined)).toBeUndefined()
})

test('who says nothing asks for nothing; a token alone asks for its session; what is no token is refused', () => {
  expect(consistencyOf({})).toBeUndefined()
  expect(consistencyIn(undefined)).toBeUndefined()
  expect(consistencyIn({ ennead: { degraded: [] } })).toBeUndefined()
  expect(consistencyOf({ 'ennead-consistency': 'strong' })).toEqual({ level: 'strong' })
  expect(consistencyOf({ 'ennead-session': '' })).toEqual({ level: 'session', session: undefined })
  const wrong: readonly (readonly [read: () => unknown, says: string])[] = [
    [
      () => consistencyOf({ 'ennead-consistency': 'eventual' }),
      'ennead-consistency must be strong, session or any',
    ],
    [() => consistencyIn({ ennead: { consistency: 7 } }), 'extensions.ennead.consistency must be'],
    ...['db', 'db=5', 'db=e:x', 'db=e:5;', ['db=e:5'], `db=${'e'.repeat(200)}:1`, 'db=e:5,db'].map(
      session => [() => consistencyOf({ 'ennead-session': session }), 'leave it out to begin anew'] as const,
    ),
  ]
  for (const [read, says] of wrong) {
    expect(read).toThrow(EnneadError)
    expect(read).toThrow(says)
  }
})
