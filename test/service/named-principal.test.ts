import { expect, test } from 'vitest'
import { httpSubgraph } from '../../gateway/execution/http-subgraph.ts'
import type { Subgraph } from '../../gateway/execution/subgraph.ts'
import { hopHeaders } from '../../kernel/hop.ts'
import type { Hop } from '../../kernel/hop.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import type { HopTarget, PrincipalForm } from '../../kernel/hop-signer.ts'
import { contextForTest } from '../support/federated.ts'
import { hopOf, member, secret } from './fixture.ts'
import { notes } from './notes.ts'
import type { Notes } from './notes.ts'

/** Signs as any, and notes in which form principals were sent. */
class NotingSigner extends HopSigner {
  readonly forms: PrincipalForm[] = []

  override headers(hop: Hop, target: HopTarget, form: PrincipalForm = 'whole'): Record<string, string> {
    this.forms.push(form)
    return super.headers(hop, target, form)
  }
}

interface Rig extends AsyncDisposable {
  readonly subgraph: Subgraph
  readonly signer: NotingSigner
  readonly under: () => Notes
  /** The subgraph forgets everything, as a new process does. */
  readonly restart: () => Promise<void>
}

async function rig(): Promise<Rig> {
  const start = async (port: number): Promise<{ readonly running: Notes; readonly port: number }> => {
    const running = notes({ signer: new HopSigner(secret) })
    const at = await running.service.listen({ kind: 'tcp', host: '127.0.0.1', port })
    if (at.kind !== 'tcp') throw new Error('it does not listen on TCP')
    return { running, port: at.port }
  }
  let current = await start(0)
  const signer = new NotingSigner(secret)
  const subgraph = httpSubgraph({ name: 'notes', url: `http://127.0.0.1:${current.port}/graphql`, signer })
  return {
    subgraph,
    signer,
    under: () => current.running,
    async restart() {
      await current.running.service.close(0)
      current = await start(current.port)
    },
    async [Symbol.asyncDispose]() {
      await subgraph.close()
      await current.running.service.close(0)
    },
  }
}

const whoami = { query: '{ whoami }' }

test('a principal is sent whole once, and by its digest from then on', async () => {
  await using under = await rig()
  const [principal, other] = [member(), member([], { actorId: 'user_0000000000000000000000000b' })]
  for (const each of [principal, other, principal, principal, other]) {
    const answer = await under.subgraph.execute(whoami, contextForTest({ principal: each }))
    expect(answer).toEqual({ data: { whoami: each.actorId } })
  }
  const bytes = await under.subgraph.exchange?.(JSON.stringify(whoami), contextForTest({ principal }))
  expect(JSON.parse(String(bytes))).toEqual({ data: { whoami: principal.actorId } })
  expect(under.signer.forms).toEqual(['whole', 'whole', 'digest', 'digest', 'digest', 'digest'])
})

test('a subgraph that has forgotten who is meant is told again, and no request fails or runs twice', async () => {
  await using under = await rig()
  const principal = member()
  const context = contextForTest({ principal })
  await under.subgraph.execute(whoami, context)
  await under.restart()
  under.signer.forms.length = 0
  const written = await under.subgraph.execute({ query: 'mutation { write }' }, context)
  expect(written).toEqual({ data: { write: 1 } })
  expect(under.signer.forms).toEqual(['digest', 'whole'])

  await under.restart()
  const answers = await Promise.all([
    ...Array.from({ length: 16 }, () => under.subgraph.execute(whoami, context)),
    ...Array.from({ length: 16 }, async () => {
      const bytes = await under.subgraph.exchange?.(JSON.stringify(whoami), context)
      return JSON.parse(String(bytes)) as unknown
    }),
  ])
  for (const answer of answers) expect(answer).toEqual({ data: { whoami: principal.actorId } })
})

test('a digest says nothing by itself: it needs an assertion of its own, and ends with the sign-in', () => {
  let now = Date.now()
  const wall = (): number => now
  const [ours, stranger] = [new HopSigner(secret, { wall }), new HopSigner(Buffer.alloc(32, 7), { wall })]
  const receiver = new HopSigner(secret, { wall })
  const target: HopTarget = { audience: 'notes', method: 'POST', path: '/graphql' }
  const principal = member()
  const sent = (by: HopSigner, form: PrincipalForm): string =>
    by.headers(hopOf(principal), target, form)[hopHeaders.assertion] ?? ''
  expect(() => receiver.open(sent(ours, 'digest'), target)).toThrow(/does not keep this principal/)
  const first = receiver.open(sent(ours, 'whole'), target)
  expect(first.principal).toEqual(JSON.parse(JSON.stringify(principal)))
  const named = sent(ours, 'digest')
  expect(named.length).toBeLessThan(sent(ours, 'whole').length)
  const second = receiver.open(named, target)
  // The same object, so that rules that were read once are found again.
  expect(second.principal).toBe(first.principal)
  expect(second.principalForm).toBe('digest')
  expect(() => receiver.open(named, target)).toThrow(/only answers the gateway/)
  expect(() => receiver.open(sent(stranger, 'digest'), target)).toThrow(/only answers the gateway/)
  now += 40_000
  expect(() => receiver.open(named, target)).toThrow(/only answers the gateway/)
})

test('principals that differ in one right are told apart', () => {
  const [sender, receiver] = [new HopSigner(secret), new HopSigner(secret)]
  const target: HopTarget = { audience: 'notes', method: 'POST', path: '/graphql' }
  const open = (principal: ReturnType<typeof member>, form: PrincipalForm): unknown =>
    receiver.open(sender.headers(hopOf(principal), target, form)[hopHeaders.assertion] ?? '', target)
      .principal
  const [reader, writer] = [member(['tasks:read']), member(['tasks:read', 'tasks:write'])]
  open(reader, 'whole')
  expect(() => open(writer, 'digest')).toThrow(/does not keep this principal/)
  open(writer, 'whole')
  expect(open(reader, 'digest')).toMatchObject({ scopes: ['tasks:read'] })
  expect(open(writer, 'digest')).toMatchObject({ scopes: ['tasks:read', 'tasks:write'] })
})
