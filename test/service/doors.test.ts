import { expect, test } from 'vitest'
import { hopOf, member, signer } from './fixture.ts'
import { notes } from './notes.ts'

test('a signed request over HTTP is answered like a function call', async () => {
  const { service } = notes()
  const at = await service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  if (at.kind !== 'tcp') throw new Error('not TCP')
  const operation = { query: '{ hello whoami }' }
  const direct = await service.execute(operation, hopOf(member()))
  const response = await fetch(`http://127.0.0.1:${at.port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signer.headers(hopOf(member())) },
    body: JSON.stringify(operation),
  })
  expect(await response.json()).toEqual(direct)
  expect(direct).toEqual({ data: { hello: 'hello', whoami: member().actorId } })
  await service.close()
})
