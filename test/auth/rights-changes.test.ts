import { expect, test } from 'vitest'
import { RemoteRights } from '../../subgraphs/auth/remote-rights.ts'
import { RightsChanges } from '../../subgraphs/auth/rights-changes.ts'
import { createAuthService } from '../../subgraphs/auth/service.ts'
import { silentLog } from '../../kernel/log.ts'
import { until } from '../support/until.ts'
import { signer } from './auth-counter.ts'
import { openDesk } from './auth-desk.ts'

test('another process is told of whoever signs out or is given another role, as soon as it is stored', async () => {
  const rights = new RightsChanges()
  await using desk = await openDesk({ rights })
  const typeDefs = 'type Query { nothing: String }'
  const service = createAuthService(desk.domain, { typeDefs, signer, log: silentLog, rights })
  const at = await service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (at.kind !== 'tcp') throw new Error('it listens elsewhere')
  const remote = new RemoteRights({ url: `http://127.0.0.1:${at.port}`, signer })
  const told: string[] = []
  try {
    const { principal } = await desk.signIn()
    remote.follow(actorIds => told.push(...actorIds))
    // What happens before it is connected is no news: its sockets are made afterwards.
    await until('it is told', async () => {
      rights.stored([desk.grace.member])
      await new Promise(resolve => setTimeout(resolve, 20))
      return told.length > 0
    })
    told.length = 0
    await desk.domain.signOut(principal, { address: '192.0.2.1', userAgent: 'curl/8' })
    await until('it is told', () => told.length > 0)
    expect(new Set(told)).toEqual(new Set([principal.actorId]))
  } finally {
    await remote.close()
    rights.close()
    await service.close()
  }
})

test('changes are kept for those who ask again, and nobody waits on one that is closed', async () => {
  const rights = new RightsChanges()
  const { signal } = new AbortController()
  const role = (actorId: string) => ({ kind: 'projectRole', actorId }) as never
  const { place } = await rights.behind(undefined, signal)
  rights.stored([role('a'), role('a'), role('b')])
  rights.stored([role('c')])
  const first = await rights.behind(place, signal)
  expect(first.actorIds).toEqual(['a', 'b', 'c'])
  const waiting = rights.behind(first.place, signal)
  rights.stored([role('d')])
  expect((await waiting).actorIds).toEqual(['d'])
  const elsewhere = new RightsChanges()
  expect((await elsewhere.behind(place, signal)).actorIds).toEqual([])
  const last = rights.behind((await rights.behind(undefined, signal)).place, signal)
  rights.close()
  expect((await last).actorIds).toEqual([])
  await expect(rights.behind(place, signal)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
