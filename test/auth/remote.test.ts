import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { EnneadError } from '../../kernel/errors.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import type { Principal } from '../../kernel/principal.ts'
import { RemoteActorDirectory, RemoteIdentity, RemoteSightings } from '../../subgraphs/auth/remote.ts'
import type { SubgraphService } from '../../subgraphs/service/subgraph-service.ts'
import { hopOf, openCounter, signal, signer } from './auth-counter.ts'
import { until } from '../support/until.ts'
import { codeOf, openDesk } from './auth-desk.ts'

async function listening(service: SubgraphService): Promise<string> {
  const address = await service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (address.kind !== 'tcp') throw new Error('it listens elsewhere')
  return `http://127.0.0.1:${address.port}`
}

test('another process learns who a token is and which actors are known', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const url = await listening(counter.service)
  const identity = new RemoteIdentity({ url, signer })
  const directory = new RemoteActorDirectory({ url, signer, name: 'db' })
  try {
    const { accessToken, principal } = await desk.signIn()
    expect(await identity.identify(accessToken, signal)).toEqual({ ...principal, source: 'rbac' })
    expect(await identity.identify('rubbish', signal).catch(codeOf)).toBe('UNAUTHENTICATED')
    const many = Array.from({ length: 2_500 }, (_, index) => `user_${index}`)
    const ids = [...many, desk.grace.user.id, desk.workspace.id]
    expect(await directory.known(desk.workspace.id, ids, signal)).toEqual(
      new Set([desk.grace.user.id, desk.workspace.id]),
    )
  } finally {
    await identity.close()
    await directory.close()
  }
})

test('another process tells what it has seen; a stranger, and a user, cannot', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const url = await listening(counter.service)
  const seen = { kind: 'hopRefused', subgraph: 'db', address: '192.0.2.7', count: 3 } as const
  const told = (): number | undefined => desk.domain.security.threats.counts.told.get('HOP_REFUSED')
  const stranger = new RemoteSightings({ url, signer: new HopSigner(randomBytes(32)) })
  expect(await stranger.send([seen], signal).catch(codeOf)).toBe('UNAVAILABLE')
  await stranger.close()
  const body = JSON.stringify({ sightings: [seen] })
  const target = { audience: 'auth', method: 'POST', path: '/v1/sightings', body }
  const { principal } = await desk.signIn()
  const byUser = await fetch(`${url}/v1/sightings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signer.headers(hopOf(principal), target) },
    body,
  })
  expect(byUser.status).toBe(403)
  expect(told()).toBeUndefined()
  const db = new RemoteSightings({ url, signer, name: 'db' })
  await db.send([seen], signal)
  await until('it is written', () => told() === 1)
  await db.close()
})

test('a wrong hop secret, a dead and a silent auth subgraph are "unavailable", never "no"', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const url = await listening(counter.service)
  const { accessToken } = await desk.signIn()
  const stranger = new RemoteIdentity({ url, signer: new HopSigner(randomBytes(32)) })
  expect(await stranger.identify(accessToken, signal).catch(codeOf)).toBe('UNAVAILABLE')
  await stranger.close()
  await counter.service.close()
  const late = new RemoteIdentity({ url, signer, timeoutMs: 1_000 })
  expect(await late.identify(accessToken, signal).catch(codeOf)).toBe('UNAVAILABLE')
  const leaving = AbortSignal.abort(new EnneadError('CANCELLED', 'left'))
  expect(await late.identify(accessToken, leaving).catch(codeOf)).toBe('CANCELLED')
  await late.close()
  expect(() => new RemoteIdentity({ url: 'auth', signer })).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION' }),
  )
})

test('the routes for services refuse strangers and users; the public keys are for anybody', async () => {
  await using desk = await openDesk()
  await using counter = await openCounter(desk)
  const url = await listening(counter.service)
  const { accessToken, principal } = await desk.signIn()
  const post = (path: string, as: Principal | undefined, content: unknown): Promise<Response> => {
    const body = JSON.stringify(content)
    const target = { audience: 'auth', method: 'POST', path, body }
    const signed = as === undefined ? {} : signer.headers(hopOf(as), target)
    return fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signed },
      body,
    })
  }
  const asService = { kind: 'service', name: 'gateway' } as const
  for (const path of ['/v1/identify', '/v1/actors/known']) {
    expect((await post(path, undefined, { token: accessToken })).status).toBe(401)
    expect((await post(path, principal, { token: accessToken })).status).toBe(403)
    expect((await post(path, asService, { token: 1, ids: [1] })).status).toBe(400)
    expect((await post(path, asService, null)).status).toBe(400)
  }
  const keys = await fetch(`${url}/.well-known/jwks.json`)
  expect(keys.status).toBe(200)
  expect(await keys.json()).toEqual(desk.domain.jwks())
})
