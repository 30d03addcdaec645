import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { EnneadError } from '../kernel/errors.ts'
import { type Position, formatPosition, parsePosition } from './position.ts'

const tagBytes = 16
const textMax = 200

/**
 * Positions as clients hold them: opaque, and signed (HMAC-SHA256 cut to 16 bytes, RFC 2104 section 5) for one scope,
 * such as a workspace, so that a cursor is of no use anywhere else and no position can be made up.
 */
export class CursorCodec {
  readonly #key: KeyObject
  readonly #older: readonly KeyObject[]

  /** @param older Keys that signed before: cursors of theirs are still good. Each key has at least 32 bytes, or BAD_OPTION. */
  constructor(key: Buffer, older: readonly Buffer[] = []) {
    // Bytes are made a key anew for each tag, which costs four times what the tag does.
    this.#key = keyOf(key)
    this.#older = older.map(keyOf)
  }

  encode(position: Position, scope: string): string {
    const text = formatPosition(position)
    return Buffer.concat([tagOf(this.#key, text, scope), Buffer.from(text)]).toString('base64url')
  }

  /** The position of a cursor made for `scope`. Throws CURSOR_INVALID, with one text for every reason. */
  decode(cursor: string, scope: string): Position {
    if (cursor.length > textMax) throw invalid()
    const bytes = Buffer.from(cursor, 'base64url')
    const text = bytes.subarray(tagBytes).toString()
    const tag = bytes.subarray(0, tagBytes)
    const signed = (key: KeyObject): boolean => timingSafeEqual(tag, tagOf(key, text, scope))
    if (tag.length !== tagBytes || !(signed(this.#key) || this.#older.some(signed))) throw invalid()
    const position = parsePosition(text)
    // Decoding skips what is not base64url; only the one text that encode makes is a cursor.
    if (position === undefined || bytes.toString('base64url') !== cursor) throw invalid()
    return position
  }
}

function keyOf(key: Buffer): KeyObject {
  if (key.length >= 32) return createSecretKey(key)
  throw new EnneadError('BAD_OPTION', `the cursor key must have at least 32 bytes, got ${key.length}`)
}

function tagOf(key: KeyObject, text: string, scope: string): Buffer {
  // The lengths keep (scope, text) pairs apart that read alike when joined.
  return createHmac('sha256', key)
    .update(`cursor ${scope.length} ${scope}${text}`)
    .digest()
    .subarray(0, tagBytes)
}

function invalid(): EnneadError {
  return new EnneadError('CURSOR_INVALID', 'this cursor was not issued here for this list')
}
