import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Lifecycle } from '../../cli/lifecycle.ts'
import { identifyBy } from '../../cli/wiring/identity.ts'
import { tokenIdentity } from '../../gateway/admission/token-identity.ts'
import { identityMark } from '../../gateway/execution/identity-mark.ts'
import { silentLog } from '../../kernel/log.ts'
import { clientSecret, introspecting, startRealProvider } from '../auth/real-provider.ts'
import { temporaryFolder } from '../service/fixture.ts'
import { manualClock } from '../support/manual-clock.ts'

const account = { email: 'ada@idp.example', email_verified: true }
const never = new AbortController().signal

test('a gateway of any supergraph asks the provider about opaque tokens when it is given a client', async () => {
  await using provider = await startRealProvider()
  provider.accounts.set('idp|ada', account)
  await using folder = await temporaryFolder()
  const secretFile = join(folder.path, 'secret')
  await writeFile(secretFile, `${clientSecret}\n`)
  const asking = {
    identityUrl: undefined,
    oidcIssuer: provider.issuer,
    oidcAudience: 'ennead',
    oidcIntrospectionClient: introspecting,
    oidcIntrospectionSecretFile: secretFile,
  }
  const lifecycle = new Lifecycle(silentLog)
  const identify = await identifyBy(asking, undefined, lifecycle)
  const token = await provider.token('idp|ada', { scope: 'tasks:read' })
  expect(await identify?.(token, never)).toMatchObject({
    kind: 'token',
    subject: 'idp|ada',
    scopes: ['tasks:read'],
    policies: [],
  })
  const elsewhere = await provider.token('idp|ada', { audience: 'other' })
  await expect(identify?.(elsewhere, never)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })

  const only = { oidcIntrospectionClient: undefined, oidcIntrospectionSecretFile: undefined }
  const byKeys = await identifyBy({ ...asking, ...only }, undefined, lifecycle)
  await expect(byKeys?.(token, never)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' })
  const half = { ...asking, oidcIntrospectionSecretFile: undefined }
  await expect(identifyBy(half, undefined, lifecycle)).rejects.toThrow(/introspection needs/)
  await lifecycle.close()
})

test('while the provider is down an opaque token goes on holding, and answers say since when it was not looked up', async () => {
  await using provider = await startRealProvider()
  provider.accounts.set('idp|ada', account)
  const clock = manualClock()
  const introspection = { clientId: introspecting, clientSecret }
  const tokens = tokenIdentity({ issuer: provider.issuer, audience: 'ennead', introspection, clock })
  const token = await provider.token('idp|ada')
  const fresh = await tokens.identify(token, never)
  expect(identityMark(fresh, clock.wall())).toBeUndefined()
  provider.down = true
  clock.advance(31_000)
  const held = await tokens.identify(token, never)
  expect(held).toMatchObject({ kind: 'token', subject: 'idp|ada' })
  expect(identityMark(held, clock.wall())).toMatchObject({ agent: 'oidc', reason: 'unconfirmed' })
  clock.advance(270_000)
  await expect(tokens.identify(token, never)).rejects.toMatchObject({ code: 'AGENT_FAULT' })
  tokens.close()
})
