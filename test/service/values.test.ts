import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { batchLoader } from '../../subgraphs/service/batch-loader.ts'
import { dateTimeScalar, normalInstant } from '../../subgraphs/service/date-time.ts'
import { pageRequest } from '../../subgraphs/service/page.ts'
import { refusalOf } from '../../subgraphs/service/user-error.ts'

test('every instant of the years 1 to 9999 passes unchanged, in any zone and with any fraction', () => {
  const first = Date.parse('0001-01-02T00:00:00Z')
  const last = Date.parse('9999-12-30T23:59:59Z')
  fc.assert(
    fc.property(
      fc.integer({ min: first, max: last }),
      fc.integer({ min: -1_439, max: 1_439 }),
      fc.stringMatching(/^\d{0,6}$/),
      (instant, offset, finer) => {
        const local = new Date(instant + offset * 60_000).toISOString().slice(0, -1)
        const pad = (value: number): string => String(Math.trunc(value)).padStart(2, '0')
        const zone = `${offset < 0 ? '-' : '+'}${pad(Math.abs(offset) / 60)}:${pad(Math.abs(offset) % 60)}`
        expect(normalInstant(`${local}${finer}${zone}`)).toBe(new Date(instant).toISOString())
      },
    ),
  )
})

test('what is no instant with a time zone is refused', () => {
  for (const text of [
    '2026-11-21',
    '2026-11-21T09:00:00',
    '2026-11-21 09:00:00Z',
    '2026-11-21T09:00Z',
    '2026-11-21t09:00:00z',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T23:60:00Z',
    '2026-01-01T23:59:60Z',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00.1234567890Z',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01T00:00:00+0100',
    '0000-12-31T00:00:00Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '+002026-01-01T00:00:00Z',
    '2026-01-01T00:00:00Z\n',
    '',
  ]) {
    expect([text, normalInstant(text)]).toEqual([text, undefined])
  }
  expect(normalInstant('2024-02-29T00:00:00Z')).toBe('2024-02-29T00:00:00.000Z')
  expect(normalInstant('0001-01-01T00:00:00Z')).toBe('0001-01-01T00:00:00.000Z')
  for (const value of [0, 1_700_000_000_000, true, null, {}, ['2026-01-01T00:00:00Z']]) {
    expect(() => dateTimeScalar.parseValue(value)).toThrow('ISO 8601 with a time zone')
  }
  expect(dateTimeScalar.serialize(new Date(0))).toBe('1970-01-01T00:00:00.000Z')
})

test('keys asked for in one tick are one call, each key once', async () => {
  const calls: (readonly string[])[] = []
  const loader = batchLoader((keys: readonly string[]) => {
    calls.push(keys)
    return Promise.resolve(keys.map(key => key.toUpperCase()))
  })
  const late = async (): Promise<string> => {
    await Promise.resolve()
    return loader.load('c')
  }
  expect(await Promise.all([loader.loadMany(['a', 'b', 'a']), late()])).toEqual([['A', 'B', 'A'], 'C'])
  expect(calls).toEqual([['a', 'b', 'c']])
  expect(await loader.load('a')).toBe('A')
  loader.prime('d', 'primed')
  expect(await loader.load('d')).toBe('primed')
  loader.forget('a')
  await loader.load('a')
  expect(calls).toEqual([['a', 'b', 'c'], ['a']])
})

test('a failed or short batch fails its keys, which may be asked for again', async () => {
  let answers: readonly number[] | undefined = undefined
  const loader = batchLoader((_keys: readonly string[]) =>
    answers === undefined ? Promise.reject(new Error('down')) : Promise.resolve(answers),
  )
  await expect(loader.load('a')).rejects.toThrow('down')
  answers = []
  await expect(loader.load('a')).rejects.toThrow('a batch of 1 keys got 0 values')
  answers = [1]
  expect(await loader.load('a')).toBe(1)
})

test('big batches are split, and keys that are the same are one', async () => {
  const sizes: number[] = []
  const loader = batchLoader(
    (keys: readonly { readonly id: number }[]) => {
      sizes.push(keys.length)
      return Promise.resolve(keys.map(key => key.id))
    },
    key => key.id,
    10,
  )
  await loader.loadMany(Array.from({ length: 50 }, (_, index) => ({ id: index % 25 })))
  expect(sizes).toEqual([10, 10, 5])
})

test("Relay's page arguments go one way, with a size from 1 to 100", () => {
  expect(pageRequest({})).toEqual({ size: 20, direction: 'forward', cursor: undefined })
  expect(pageRequest({ first: 100, after: 'x', last: null, before: null })).toEqual({
    size: 100,
    direction: 'forward',
    cursor: 'x',
  })
  expect(pageRequest({ last: 1, before: 'y' })).toEqual({ size: 1, direction: 'backward', cursor: 'y' })
  expect(pageRequest({ last: 1 })).toEqual({ size: 1, direction: 'backward', cursor: undefined })
  expect(pageRequest({ before: 'y' })).toEqual({ size: 20, direction: 'backward', cursor: 'y' })
  for (const wrong of [
    { first: 0 },
    { first: 101 },
    { first: -1 },
    { last: 0 },
    { first: 1.5 },
    { first: 1, last: 1 },
    { after: 'x', before: 'y' },
    { first: 1, before: 'y' },
    { last: 1, after: 'x' },
  ]) {
    expect(() => pageRequest(wrong)).toThrow(EnneadError)
  }
})

test('only refusals a caller can act on become errors of a payload', () => {
  expect(refusalOf(new EnneadError('NOT_FOUND', 'no such task'))).toEqual({
    code: 'NOT_FOUND',
    message: 'no such task',
    path: null,
  })
  expect(refusalOf(new EnneadError('BAD_USER_INPUT', 'x'))?.code).toBe('VALIDATION')
  expect(refusalOf(new EnneadError('OVERLOADED', 'x'))?.code).toBe('UNAVAILABLE')
  for (const code of ['UNAUTHENTICATED', 'UNKNOWN_COMMIT_OUTCOME', 'INTERNAL'] as const) {
    expect(refusalOf(new EnneadError(code, 'x'))).toBeUndefined()
  }
  expect(refusalOf(new Error('x'))).toBeUndefined()
})
