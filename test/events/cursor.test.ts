import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CursorCodec } from '../../events/cursor.ts'
import { comparePositions, formatPosition, parsePosition } from '../../events/position.ts'

const codec = new CursorCodec(randomBytes(32))
const position = fc.record({
  epoch: fc.stringMatching(/^[\w-]{1,64}$/),
  seq: fc.integer({ min: 0, max: 999_999_999_999_999 }),
})

test('a cursor opens to the position it was made of, in its own scope', () => {
  fc.assert(
    fc.property(position, fc.string(), (place, scope) => {
      expect(codec.decode(codec.encode(place, scope), scope)).toEqual(place)
    }),
  )
})

test('a cursor of another scope, of another key, changed or made up is CURSOR_INVALID with one text', () => {
  const refusal = { code: 'CURSOR_INVALID', message: 'this cursor was not issued here for this list' }
  const refused = (cursor: string, scope: string): void => {
    let thrown: unknown
    try {
      codec.decode(cursor, scope)
    } catch (failure) {
      thrown = failure
    }
    expect(thrown).toMatchObject(refusal)
  }
  fc.assert(
    fc.property(position, fc.nat(), fc.integer({ min: 1, max: 255 }), (place, at, flip) => {
      const cursor = codec.encode(place, 'mine')
      refused(cursor, 'yours')
      refused(new CursorCodec(randomBytes(32)).encode(place, 'mine'), 'mine')
      const bytes = Buffer.from(cursor, 'base64url')
      const index = at % bytes.length
      bytes[index] = (bytes[index] ?? 0) ^ flip
      refused(bytes.toString('base64url'), 'mine')
      refused(`${cursor}!`, 'mine')
      refused(`${cursor}=`, 'mine')
    }),
  )
  fc.assert(fc.property(fc.string(), text => refused(text, 'mine')))
  refused('A'.repeat(100_000), 'mine')
})

test('scope and position cannot be shifted into each other', () => {
  const cursor = codec.encode({ epoch: 'b', seq: 1 }, 'a')
  const shifted = Buffer.concat([
    Buffer.from(cursor, 'base64url').subarray(0, 16),
    Buffer.from('ab:1'),
  ]).toString('base64url')
  expect(() => codec.decode(shifted, '')).toThrow('not issued here')
})

test('a key shorter than 32 bytes is refused', () => {
  expect(() => new CursorCodec(Buffer.alloc(31))).toThrow('at least 32 bytes, got 31')
})

test('a position reads back as it was written, and nothing else is one', () => {
  fc.assert(
    fc.property(position, place => {
      expect(parsePosition(formatPosition(place))).toEqual(place)
    }),
  )
  for (const text of ['', ':', 'a:', ':1', 'a:-1', 'a:01', 'a:1 ', 'a:1:2', 'a:1e3', 'a b:1']) {
    expect(parsePosition(text)).toBeUndefined()
  }
})

test('positions of different epochs cannot be compared', () => {
  expect(comparePositions({ epoch: 'a', seq: 1 }, { epoch: 'a', seq: 3 })).toBeLessThan(0)
  expect(() => comparePositions({ epoch: 'a', seq: 1 }, { epoch: 'b', seq: 1 })).toThrow('no longer kept')
})
