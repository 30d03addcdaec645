import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LeaseBook } from '../../../subgraphs/db/leadership/lease.ts'
import { describeWithService } from '../../services/availability.ts'
import { findPostgres, type PostgresServer, startPostgres } from '../../services/postgres.ts'
import { MemoryLeases } from '../../support/memory-leases.ts'
import { openStore, type OpenStore, rawClient } from '../sql/postgres-for-tests.ts'

const never = new AbortController().signal
/** Longer than any test takes. */
const long = 600_000

/** A fresh book, and a way to let time pass for it. */
interface BookUnderTest extends AsyncDisposable {
  readonly book: LeaseBook
  /** Moves the end of a lease, as the clock of whoever keeps it going on (or back) would. */
  pass(name: string, ms: number): Promise<void>
}

/** What every book of leases must do. */
function isLeaseBook(open: () => Promise<BookUnderTest>): void {
  const take = (book: LeaseBook, holder: string, lengthMs = long): ReturnType<LeaseBook['acquire']> =>
    book.acquire({ name: 'work', holder, lengthMs }, never)

  test('one holder at a time has a lease; others are told who, and for how long at most', async () => {
    await using under = await open()
    expect(await take(under.book, 'a')).toMatchObject({ is: 'held', note: undefined })
    const told = await take(under.book, 'b')
    expect(told).toMatchObject({ is: 'taken', holder: 'a' })
    expect(told.is === 'taken' ? told.remainingMs : 0).toBeGreaterThan(long / 2)
    expect(told.is === 'taken' ? told.remainingMs : long + 1).toBeLessThanOrEqual(long)
    expect(await under.book.acquire({ name: 'other', holder: 'b', lengthMs: long }, never)).toMatchObject({
      is: 'held',
    })
  })

  test('of many who ask at once exactly one is given it', async () => {
    await using under = await open()
    const answers = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(holder => take(under.book, holder)))
    expect(answers.filter(({ is }) => is === 'held')).toHaveLength(1)
  })

  test('a lease that has expired goes to whoever asks, with a greater term and the note; the late holder renews nothing', async () => {
    await using under = await open()
    const first = await termOf(take(under.book, 'a'))
    expect(await under.book.renew({ name: 'work', term: first }, long, 'page 7', never)).toBe(true)
    expect(await take(under.book, 'b')).toMatchObject({ is: 'taken' })
    await under.pass('work', long + 1)
    const second = await take(under.book, 'b')
    expect(second).toMatchObject({ is: 'held', note: 'page 7' })
    expect(await termOf(second)).toBeGreaterThan(first)
    expect(await under.book.renew({ name: 'work', term: first }, long, 'page 8', never)).toBe(false)
    await under.book.release({ name: 'work', term: first }, 'page 9', never)
    expect(await under.book.look('work', never)).toEqual({
      name: 'work',
      holder: 'b',
      term: await termOf(second),
      expired: false,
      note: 'page 7',
    })
  })

  test('who expired unnoticed may renew as long as nobody else has taken it', async () => {
    await using under = await open()
    const term = await termOf(take(under.book, 'a'))
    await under.pass('work', long + 1)
    expect(await under.book.look('work', never)).toMatchObject({ expired: true })
    expect(await under.book.renew({ name: 'work', term }, long, undefined, never)).toBe(true)
    expect(await take(under.book, 'b')).toMatchObject({ is: 'taken' })
  })

  test('who gives it back leaves it to others at once', async () => {
    await using under = await open()
    const term = await termOf(take(under.book, 'a'))
    await under.book.release({ name: 'work', term }, 'done', never)
    expect(await take(under.book, 'b')).toMatchObject({ is: 'held', note: 'done', term: term + 1 })
  })

  test('a holder that asks again is given it anew', async () => {
    await using under = await open()
    const term = await termOf(take(under.book, 'a'))
    expect(await take(under.book, 'a')).toMatchObject({ is: 'held', term: term + 1 })
  })

  test('a clock that was set back keeps nobody waiting for longer than the lease', async () => {
    await using under = await open()
    const term = await termOf(take(under.book, 'a'))
    await under.pass('work', -long)
    expect(await take(under.book, 'b')).toMatchObject({ is: 'held', term: term + 1 })
  })

  test('of a lease that nobody ever had nothing is known', async () => {
    await using under = await open()
    expect(await under.book.look('work', never)).toBeUndefined()
  })
}

async function termOf(answer: Awaited<ReturnType<LeaseBook['acquire']>> | ReturnType<LeaseBook['acquire']>) {
  const got = await answer
  if (got.is !== 'held') throw new Error(`taken by ${got.holder}`)
  return got.term
}

describe('in memory', () => {
  isLeaseBook(async () => {
    let now = 1_000
    return {
      book: new MemoryLeases(() => now),
      pass: async (_name, ms) => void (now += ms),
      [Symbol.asyncDispose]: async () => {},
    }
  })
})

describeWithService('PostgreSQL', findPostgres(), binaries => {
  let server: PostgresServer
  let store: OpenStore
  let raw: ReturnType<typeof rawClient>
  beforeAll(async () => {
    server = await startPostgres(binaries)
    const connection = { kind: 'url', url: server.url } as const
    store = await openStore({ connection, schema: 'leases_only' })
    raw = rawClient(connection)
  })
  afterAll(async () => {
    await raw[Symbol.asyncDispose]()
    await store[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const open = async (): Promise<BookUnderTest> => {
    const { leases } = store.engine
    if (leases === undefined) throw new Error('PostgreSQL keeps no leases')
    await raw`delete from leases_only.leases`
    return {
      book: leases,
      pass: async (name, ms) => {
        await raw`update leases_only.leases set expires_at = expires_at - ${ms}::int * interval '1 millisecond'
          where name = ${name}`
      },
      [Symbol.asyncDispose]: async () => {},
    }
  }
  isLeaseBook(open)

  test('terms grow even when the table was lost', async () => {
    await using under = await open()
    const take = (holder: string) => under.book.acquire({ name: 'work', holder, lengthMs: long }, never)
    const before = await termOf(take('a'))
    await raw`delete from leases_only.leases`
    expect(await termOf(take('b'))).toBeGreaterThan(before)
  })
})
