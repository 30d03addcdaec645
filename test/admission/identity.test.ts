import { expect, test } from 'vitest'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { subjectOf } from '../../kernel/principal.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import { createIdentity } from '../../gateway/admission/identity.ts'
import type { Identify, IdentityOptions } from '../../gateway/admission/identity.ts'
import { principal } from '../support/demo-gateway.ts'

const wallStart = 1_700_000_000_000

/** Time that moves only when told. */
function handClock(): Clock & { advance(ms: number): void } {
  let nowMs = 0
  const never = { cancel: () => undefined }
  return {
    now: () => nowMs,
    wall: () => wallStart + nowMs,
    after: () => never,
    soon: () => never,
    advance: ms => {
      nowMs += ms
    },
  }
}

/** An authority whose answers the test gives. */
function authority(options: Partial<IdentityOptions> = {}) {
  const clock = handClock()
  const calls: { token: string; signal: AbortSignal; answer: PromiseWithResolvers<ActorPrincipal> }[] = []
  const identify: Identify = (token, signal) => {
    const answer = Promise.withResolvers<ActorPrincipal>()
    calls.push({ token, signal, answer })
    return answer.promise
  }
  const identity = createIdentity({ identify, clock, ...options })
  const ask = (token: string, signal = new AbortController().signal) =>
    identity.principalOf(`Bearer ${token}`, signal)
  const known = (name: string, lifeMs = 60_000) => principal(name, (clock.wall() + lifeMs) / 1000)
  const answerAll = (answer: (token: string) => ActorPrincipal | EnneadError): void => {
    for (const call of calls) {
      const given = answer(call.token)
      if (given instanceof Error) call.answer.reject(given)
      else call.answer.resolve(given)
    }
  }
  return { clock, calls, identity, ask, known, answerAll }
}

test('callers with one token share one question', async () => {
  const { ask, calls, known, answerAll } = authority()
  const asked = [ask('a'), ask('a'), ask('b')]
  await Promise.resolve()
  expect(calls.map(call => call.token)).toEqual(['a', 'b'])
  answerAll(token => known(token))
  expect((await Promise.all(asked)).map(principal => principal && subjectOf(principal))).toEqual([
    'a',
    'a',
    'b',
  ])
})

test('a caller who leaves does not take the answer from others; the last one takes the question back', async () => {
  const { ask, calls, known, answerAll } = authority()
  const leaving = new AbortController()
  const staying = new AbortController()
  const first = ask('a', leaving.signal)
  const second = ask('a', staying.signal)
  leaving.abort(new Error('left'))
  await expect(first).rejects.toThrow('left')
  expect(calls[0]?.signal.aborted).toBe(false)
  staying.abort(new Error('left too'))
  await expect(second).rejects.toThrow('left too')
  expect(calls[0]?.signal.aborted).toBe(true)

  const third = ask('a')
  expect(calls).toHaveLength(2)
  answerAll(token => known(token))
  expect(await third).toMatchObject({ actorId: 'a' })
})

test('however a client writes the scheme, and whatever stands around the token, it is one token that is remembered', async () => {
  const { identity, ask, calls, known, answerAll } = authority()
  const asked = ask('a')
  answerAll(token => known(token))
  await asked
  const { signal } = new AbortController()
  for (const written of ['Bearer a', 'bearer a', 'BEARER   a', 'Bearer a ', 'Bearer  a']) {
    expect(await identity.principalOf(written, signal)).toMatchObject({ actorId: 'a' })
  }
  expect(calls).toHaveLength(1)
  for (const other of ['Bearer b', 'Basic a', 'a'])
    void identity.principalOf(other, signal).catch(() => undefined)
  expect(calls.map(({ token }) => token)).toEqual(['a', 'b'])
})

test('an answer is kept for 10 s, or until its principal expires', async () => {
  const { clock, ask, calls, known, answerAll } = authority()
  const long = ask('long')
  const short = ask('short')
  answerAll(token => known(token, token === 'short' ? 2_000 : 60_000))
  await Promise.all([long, short])
  clock.advance(1_999)
  await Promise.all([ask('long'), ask('short')])
  expect(calls).toHaveLength(2)
  clock.advance(1)
  void ask('short').catch(() => undefined)
  expect(calls.map(call => call.token)).toEqual(['long', 'short', 'short'])
  clock.advance(8_000)
  void ask('long').catch(() => undefined)
  expect(calls).toHaveLength(4)
})

test('a refusal is kept for 1 s, with one text whatever the authority says', async () => {
  const { clock, ask, calls, answerAll } = authority()
  const first = ask('bad')
  answerAll(() => new EnneadError('UNAUTHENTICATED', 'kid 17 unknown'))
  const text = 'the credential is not valid'
  await expect(first).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: text })
  clock.advance(999)
  await expect(ask('bad')).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: text })
  expect(calls).toHaveLength(1)
  clock.advance(1)
  void ask('bad').catch(() => undefined)
  expect(calls).toHaveLength(2)
})

test('a credential that goes on being refused is asked about ever less often, and anew when it has rested', async () => {
  const { clock, ask, calls, known, answerAll } = authority()
  const refusedAt: number[] = []
  const tryBad = async (): Promise<void> => {
    const asked = calls.length
    const answer = ask('bad').catch(() => undefined)
    if (calls.length > asked) refusedAt.push(clock.now() / 1_000)
    answerAll(() => new EnneadError('UNAUTHENTICATED', 'revoked'))
    await answer
  }
  for (let second = 0; second < 130; second++, clock.advance(1_000)) await tryBad()
  expect(refusedAt).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121])
  clock.advance(120_000)
  const rested = calls.length
  await tryBad()
  clock.advance(1_000)
  const right = ask('bad')
  expect(calls).toHaveLength(rested + 2)
  answerAll(token => known(token))
  expect(await right).toMatchObject({ actorId: 'bad' })
  // It was right once: a new refusal begins small.
  clock.advance(10_000)
  await tryBad()
  clock.advance(1_000)
  await tryBad()
  expect(calls).toHaveLength(rested + 4)
})

test('an authority that fails is UNAVAILABLE and is asked again at once', async () => {
  const { ask, calls, known, answerAll } = authority()
  const first = ask('a')
  calls[0]?.answer.reject(new Error('ECONNREFUSED 10.0.0.7'))
  await expect(first).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.not.stringContaining('10.0'),
  })
  const second = ask('a')
  answerAll(token => known(token))
  expect(await second).toMatchObject({ actorId: 'a' })
})

test('a principal that has expired is refused even if the authority gives it', async () => {
  const { ask, known, answerAll } = authority()
  const asked = ask('a')
  answerAll(token => known(token, -1))
  await expect(asked).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('the least recently used answer is forgotten first', async () => {
  const { ask, calls, known, answerAll } = authority({ entriesMax: 2 })
  for (const token of ['a', 'b', 'a', 'c', 'a', 'b']) {
    const asked = ask(token)
    await Promise.resolve()
    answerAll(token => known(token))
    await asked
  }
  expect(calls.map(call => call.token)).toEqual(['a', 'b', 'c', 'b'])
})

test('more open questions than the limit are refused as OVERLOADED', async () => {
  const { ask, known, answerAll } = authority({ lookupsMax: 1 })
  const first = ask('a')
  await expect(ask('b')).rejects.toMatchObject({ code: 'OVERLOADED' })
  answerAll(token => known(token))
  await first
})

test.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'bearer \u00e9', `Bearer ${'x'.repeat(20_000)}`])(
  'the credential %.20s is refused without a question',
  async authorization => {
    const { identity, calls } = authority()
    const asked = identity.principalOf(authorization, new AbortController().signal)
    await expect(asked).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(calls).toHaveLength(0)
  },
)
