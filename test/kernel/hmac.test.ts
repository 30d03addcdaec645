import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HmacSha256 } from '../../kernel/hmac.ts'

const text = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 5_000 }),
  fc.string({ unit: 'binary', maxLength: 2_000 }),
  fc.constant('\ud800x'),
)

test('tags are those of node:crypto, whatever the key and the texts before', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(text, { maxLength: 5 }), (key, texts) => {
      const hmac = new HmacSha256(key)
      const expected = texts.map(text => createHmac('sha256', key).update(text).digest('base64url'))
      expect(texts.map(text => hmac.tagOf(text))).toEqual(expected)
    }),
  )
})
