import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clientId, clientSecret, redirectUri, startRealProvider } from '../auth/real-provider.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

test(
  'a user without a password signs in at the provider, before and after a restart in the middle of it',
  { timeout: 120_000 },
  async () => {
    await using folder = await temporaryFolder()
    await using provider = await startRealProvider()
    provider.accounts.set('pia', { email: 'pia@acme.example', email_verified: true })
    const providers = join(folder.path, 'providers.yaml')
    const one = { name: 'idp', issuer: provider.issuer, clientId, clientSecret, redirectUris: [redirectUri] }
    await writeFile(providers, JSON.stringify({ providers: [one] }))
    const data = ['--data', join(folder.path, 'data')]
    const argv = ['start', '--port', '0', '--no-demo', '--sign-in-providers', providers, ...data]
    const unhurried = ['request', 'mutation', 'domain', 'attempt'].flatMap(what => [
      `--${what}-timeout-ms`,
      '30000',
    ])
    const ask = async (url: string, query: string, input: object): Promise<unknown> => {
      const body = JSON.stringify({ query, variables: { input } })
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      return response.json()
    }
    const start =
      'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { authorizationUrl flow } }'
    const complete =
      'mutation ($input: CompleteSignInInput!) { completeSignIn(input: $input) { viewer { role } errors { code } } }'
    const begin = async (url: string): Promise<{ flow: string; callbackUrl: string }> => {
      const answer = (await ask(url, start, { provider: 'idp', redirectUri })) as {
        data: { startSignIn: { authorizationUrl: string; flow: string } }
      }
      const { authorizationUrl, flow } = answer.data.startSignIn
      return { flow, callbackUrl: await provider.signIn(authorizationUrl, 'pia') }
    }
    const member = { data: { completeSignIn: { viewer: { role: 'MEMBER' }, errors: [] } } }
    const refused = { data: { completeSignIn: { viewer: null, errors: [{ code: 'FORBIDDEN' }] } } }
    const first = await startEnnead([...argv, ...unhurried])
    const added = await runEnnead([
      'user',
      'add',
      '--no-password',
      '--email',
      'pia@acme.example',
      '--workspace',
      'acme',
      ...data,
    ])
    expect(added).toMatchObject({ code: 0, stdout: 'pia@acme.example is MEMBER of acme\n' })
    const used = await begin(first.url)
    expect(await ask(first.url, complete, used)).toEqual(member)
    expect(await ask(first.url, complete, used)).toEqual(refused)
    const open = await begin(first.url)
    await first.kill()
    await using second = await startEnnead([...argv, ...unhurried])
    expect(await ask(second.url, complete, open)).toEqual(member)
    // This process does not know that it was used; the provider does.
    expect(await ask(second.url, complete, used)).toEqual(refused)
  },
)
