import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DirectoryRecord, SessionRecord } from '../../subgraphs/auth/authority.ts'
import { compareStores } from '../../subgraphs/auth/directory/compare-stores.ts'
import type { DirectoryStore } from '../../subgraphs/auth/directory/directory-store.ts'
import { openDirectory } from '../../subgraphs/auth/directory/lmdb-directory.ts'
import { recordText } from '../../subgraphs/auth/directory/record-codec.ts'
import { mergeRecords } from '../../subgraphs/auth/directory/record-merge.ts'
import { temporaryFolder } from './auth-desk.ts'
import { apiKeyRecord, memberRecord, sessionRecord, userRecord } from './records.ts'

const instant = fc.integer({ min: 1, max: 9 }).map(day => `2026-01-0${day}T00:00:00.000Z`)

const sessions = fc
  .record({
    generation: fc.integer({ min: 1, max: 4 }),
    secretHash: fc.constantFrom('a', 'b'),
    lastSeenAt: instant,
    revokedAt: fc.option(instant),
  })
  .map(sessionRecord)
const users = fc
  .record({ version: fc.integer({ min: 1, max: 3 }), displayName: fc.constantFrom('A', 'B') })
  .map(userRecord)
const members = fc
  .record({ version: fc.integer({ min: 1, max: 3 }), leftAt: fc.option(instant) })
  .map(memberRecord)

const apiKeys = fc
  .record({
    version: fc.integer({ min: 1, max: 3 }),
    name: fc.constantFrom('a', 'b'),
    revokedAt: fc.option(instant),
    lastUsedAt: fc.option(instant, { nil: undefined }),
  })
  .map(({ lastUsedAt, ...rest }) => apiKeyRecord(lastUsedAt === undefined ? rest : { ...rest, lastUsedAt }))

/** Three copies of one object, as three stores might have come to hold it. */
const threeCopies = fc.oneof(
  fc.tuple(sessions, sessions, sessions),
  fc.tuple(users, users, users),
  fc.tuple(members, members, members),
  fc.tuple(apiKeys, apiKeys, apiKeys),
) as fc.Arbitrary<[DirectoryRecord, DirectoryRecord, DirectoryRecord]> // Each tuple is of one kind.

function isRevoked(record: DirectoryRecord): boolean {
  return 'revokedAt' in record && record.revokedAt !== null
}

function rankOf(record: DirectoryRecord): number {
  return record.kind === 'session' ? record.generation : record.version
}

test('merging does not depend on order or repetition, and never loses a revocation', () => {
  fc.assert(
    fc.property(threeCopies, ([a, b, c]) => {
      const text = (record: DirectoryRecord): string => recordText(record)
      expect(text(mergeRecords(a, b))).toBe(text(mergeRecords(b, a)))
      expect(text(mergeRecords(a, mergeRecords(b, c)))).toBe(text(mergeRecords(mergeRecords(a, b), c)))
      expect(text(mergeRecords(a, a))).toBe(text(a))
      const merged = mergeRecords(a, b)
      expect(text(mergeRecords(merged, a))).toBe(text(merged))
      expect(isRevoked(merged)).toBe(isRevoked(a) || isRevoked(b))
      if (a.kind === 'apiKey' && b.kind === 'apiKey' && merged.kind === 'apiKey')
        expect(merged.lastUsedAt).toBe(
          (a.lastUsedAt ?? '') > (b.lastUsedAt ?? '') ? a.lastUsedAt : b.lastUsedAt,
        )
      expect(rankOf(merged)).toBe(Math.max(rankOf(a), rankOf(b)))
    }),
    { numRuns: 2_000 },
  )
})

interface Step {
  readonly session: number
  readonly does: 'refresh' | 'revoke'
  /** The stores that take the write; the domain reads from the first of them. */
  readonly up: 'left' | 'right' | 'both'
  /** The two stores find each other again after this step. */
  readonly compare: boolean
}

const steps = fc.array(
  fc.record<Step>({
    session: fc.integer({ min: 0, max: 4 }),
    does: fc.constantFrom('refresh', 'refresh', 'revoke'),
    up: fc.constantFrom('left', 'right', 'both'),
    compare: fc.boolean(),
  }),
  { maxLength: 25 },
)

function contentOf(store: DirectoryStore): string[] {
  return store.scan(undefined, 1_000).map(recordText)
}

test('whatever was written to two stores while one or the other was away, they become the same and no session revives', async () => {
  await using folder = await temporaryFolder()
  let run = 0
  await fc.assert(
    fc.asyncProperty(steps, async script => {
      run++
      const left = await openDirectory(join(folder.path, `left-${run}`))
      const right = await openDirectory(join(folder.path, `right-${run}`))
      const revoked = new Set<string>()
      const latest = new Map<string, number>()
      try {
        for (const [index, step] of script.entries()) {
          const id = `session-${step.session}`
          const up = step.up === 'both' ? [left, right] : [step.up === 'left' ? left : right]
          const before = up[0]?.get('session', id) ?? sessionRecord({ id, generation: 0 })
          const at = new Date(Date.UTC(2026, 0, 1, index)).toISOString()
          const after: SessionRecord =
            step.does === 'revoke'
              ? { ...before, revokedAt: at }
              : { ...before, generation: before.generation + 1, secretHash: `secret-${index}` }
          for (const store of up) await store.merge([after])
          if (step.does === 'revoke') revoked.add(id)
          latest.set(id, Math.max(latest.get(id) ?? 0, after.generation))
          if (step.compare) await compareStores(left, right, new AbortController().signal)
        }
        await compareStores(left, right, new AbortController().signal)
        expect(contentOf(left)).toEqual(contentOf(right))
        for (const [id, generation] of latest) {
          const session = left.get('session', id)
          expect(session?.generation).toBe(generation)
          expect(session?.revokedAt !== null).toBe(revoked.has(id))
        }
        expect(await compareStores(left, right, new AbortController().signal)).toBe(0)
      } finally {
        await left.close()
        await right.close()
      }
    }),
    { numRuns: 25 },
  )
})

test('stores of many pages become the same, and only what differs is written', async () => {
  await using folder = await temporaryFolder()
  const left = await openDirectory(join(folder.path, 'left'))
  const right = await openDirectory(join(folder.path, 'right'))
  const some = (from: number, to: number): DirectoryRecord[] =>
    Array.from({ length: to - from }, (_, index) =>
      userRecord({ id: `user-${from + index}`, email: `${from + index}@navy.example` }),
    )
  await left.merge(some(0, 1_300))
  await right.merge(some(700, 2_000))
  expect(await compareStores(left, right, new AbortController().signal)).toBe(1_400)
  expect(contentOf(left)).toEqual(contentOf(right))
  expect(left.userByEmail('1999@navy.example')?.id).toBe('user-1999')
  expect(right.userByEmail('0@navy.example')?.id).toBe('user-0')
  await left.close()
  await right.close()
})
