import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startOidcProvider } from '../auth/oidc-provider.ts'
import { cannedSubgraph } from '../support/canned-subgraph.ts'
import { composeForTest } from '../support/federated.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const sdl = `type Query { open: String  mine: String @authenticated  mail: String @requiresScopes(scopes: [["mail"]]) }`
const minute = 60_000

test(
  'a gateway of any supergraph keeps what is protected by the tokens of an OIDC provider',
  { timeout: minute },
  async () => {
    await using folder = await temporaryFolder()
    await using provider = await startOidcProvider()
    await using subgraph = await cannedSubgraph({ open: 'o', mine: 'm', mail: 'x' })
    const file = join(folder.path, 'supergraph.graphql')
    await writeFile(file, composeForTest({ one: { sdl } }))
    const flags = ['--subgraph-urls', `one=${subgraph.url}`, '--oidc-issuer', provider.issuer]
    await using gateway = await startEnnead(['gateway', '--supergraph', file, '--port', '0', ...flags])
    const ask = async (token?: string): Promise<unknown> => {
      const response = await fetch(gateway.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ query: '{ open mine mail }' }),
      })
      return { status: response.status, ...((await response.json()) as object) } // A GraphQL response is an object.
    }
    const seconds = Math.floor(Date.now() / 1_000)
    const token = (scope: string, exp = seconds + 600) => provider.token({ sub: 'ada', scope, exp })

    expect(await ask()).toMatchObject({
      status: 200,
      data: { open: 'o', mine: null, mail: null },
      errors: [{ extensions: { code: 'UNAUTHENTICATED' } }, { extensions: { code: 'UNAUTHENTICATED' } }],
    })
    expect(await ask(await token('profile'))).toMatchObject({
      data: { open: 'o', mine: 'm', mail: null },
      errors: [{ path: ['mail'], extensions: { code: 'FORBIDDEN' } }],
    })
    expect(await ask(await token('profile mail'))).toEqual({
      status: 200,
      data: { open: 'o', mine: 'm', mail: 'x' },
    })
    for (const bad of ['not.a.token', await token('mail', seconds - 600)]) {
      expect(await ask(bad)).toMatchObject({
        status: 401,
        errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
      })
    }
  },
)

test(
  'two ways to know who somebody is are one too many, and an issuer must be safe to ask',
  { timeout: minute },
  async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'supergraph.graphql')
    await writeFile(file, composeForTest({ one: { sdl } }))
    const gateway = ['gateway', '--supergraph', file, '--port', '0']
    const both = ['--oidc-issuer', 'https://id.example', '--identity-url', 'http://localhost:1']
    const twice = await runEnnead([...gateway, ...both])
    expect(twice).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--identity-url and --oidc-issuer/),
    })
    const unsafe = await runEnnead([...gateway, '--oidc-issuer', 'http://id.example'])
    expect(unsafe).toMatchObject({ code: 2, stderr: expect.stringMatching(/must be an https URL/) })
  },
)
