import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readAssertion, writtenAssertion } from '../../kernel/hop-assertion.ts'
import type { Assertion } from '../../kernel/hop-assertion.ts'
import { hopHeaders } from '../../kernel/hop.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import type { HopTarget } from '../../kernel/hop-signer.ts'
import { hopOf, member } from '../service/fixture.ts'

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', ';', '.', '=', '#', '%3B', '\n'),
)
const token = fc.stringMatching(/^[\w-]{1,43}$/)

const assertions: fc.Arbitrary<Assertion> = fc.record({
  at: fc.nat({ max: 9_999_999_999_999 }),
  nonce: token,
  bodyDigest: token,
  remainingMs: fc.option(fc.nat(), { nil: undefined }),
  requestId: anyText,
  address: fc.option(anyText, { nil: undefined }),
  userAgent: fc.option(anyText, { nil: undefined }),
  principal: fc.option(
    fc.oneof(
      token.map(digest => ({ digest })),
      fc.string({ unit: 'grapheme' }).map(whole => ({ whole })),
    ),
    { nil: undefined },
  ),
})

test('whatever an assertion says is read as it was written, and a header can carry it', () => {
  fc.assert(
    fc.property(assertions, said => {
      const text = writtenAssertion(said)
      expect(text).toMatch(/^[!-~]*$/)
      expect(readAssertion(text)).toEqual(said)
    }),
  )
})

test('two assertions that say something else are written otherwise', () => {
  fc.assert(
    fc.property(assertions, assertions, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other)
      expect(writtenAssertion(one) === writtenAssertion(other)).toBe(same)
    }),
  )
})

const target: HopTarget = { audience: 'notes', method: 'POST', path: '/graphql?v=1', body: '{}' }
const secret = Buffer.alloc(32, 1)

test('an assertion of which one letter is another, or is gone, is nobody’s', () => {
  const [sender, receiver] = [new HopSigner(secret), new HopSigner(secret)]
  const sent = sender.headers({ ...hopOf(member()), address: '::1', userAgent: 'a b;c' }, target)
  const assertion = sent[hopHeaders.assertion] ?? ''
  for (let at = 0; at < assertion.length; at++) {
    const [before, after] = [assertion.slice(0, at), assertion.slice(at + 1)]
    // Of the last letter of a tag only some bits count for its bytes: compared are the letters.
    const other = assertion[at] === 'A' ? 'B' : 'A'
    for (const forged of [before + other + after, before + after]) {
      expect(() => receiver.open(forged, target)).toThrow(/only answers the gateway/)
    }
  }
  expect(receiver.open(assertion, target)).toMatchObject({ address: '::1', userAgent: 'a b;c' })
})

test('the parts of what is asked cannot be moved from one to the next', () => {
  const word = fc.stringMatching(/^[a-z/?=. ]{0,6}$/)
  const targets = fc.record({ audience: word, method: word, path: word })
  fc.assert(
    fc.property(targets, targets, (signed, asked) => {
      const [sender, receiver] = [new HopSigner(secret), new HopSigner(secret)]
      const assertion = sender.headers(hopOf(undefined), signed)[hopHeaders.assertion] ?? ''
      const same = JSON.stringify(signed) === JSON.stringify(asked)
      if (same) expect(receiver.open(assertion, asked).requestId).toBe('request-1')
      else expect(() => receiver.open(assertion, asked)).toThrow(/only answers the gateway/)
    }),
  )
  const folded = { ...target, path: '/a\n/b' }
  expect(() => new HopSigner(secret).headers(hopOf(undefined), folded)).toThrow(/line feed/)
})

test('no two assertions of any signer have the same nonce', () => {
  const signers = Array.from({ length: 20 }, () => new HopSigner(secret))
  const receiver = new HopSigner(secret)
  for (let round = 0; round < 50; round++) {
    for (const signer of signers) {
      const assertion = signer.headers(hopOf(undefined), target)[hopHeaders.assertion] ?? ''
      expect(receiver.open(assertion, target).requestId).toBe('request-1')
      expect(() => receiver.open(assertion, target)).toThrow(/only answers the gateway/)
    }
  }
})
