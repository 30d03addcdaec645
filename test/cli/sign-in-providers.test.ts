import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readSignInProviders } from '../../cli/wiring/sign-in-providers.ts'
import { temporaryFolder } from '../e2e/running-ennead.ts'

const good = `name: idp
    issuer: https://idp.example
    clientId: ennead
    redirectUris: [https://app.example/in]`

test('providers are read from YAML, their secrets from files beside it', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'providers.yaml')
  await writeFile(join(folder.path, 'secret'), 'of the client\n')
  const join2 = 'join: { workspace: acme, role: MEMBER, emailDomains: [acme.example] }'
  await writeFile(path, `providers:\n  - ${good}\n    clientSecretFile: secret\n    ${join2}\n`)
  expect(await readSignInProviders(path)).toEqual([
    {
      name: 'idp',
      issuer: 'https://idp.example',
      clientId: 'ennead',
      clientSecret: 'of the client',
      redirectUris: ['https://app.example/in'],
      join: { workspace: 'acme', role: 'MEMBER', emailDomains: ['acme.example'] },
    },
  ])
  expect(await readSignInProviders(undefined)).toEqual([])
})

test('what is wrong with the file is told with its name and the field, and no secret', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'providers.yaml')
  const wrong: Readonly<Record<string, string>> = {
    'providers: [': 'Flow sequence',
    'provider: []': 'the file has no field "provider"',
    '[]': 'the file must be an object',
    'providers: no': 'providers must be a list',
    'providers: [1]': 'providers[0] must be an object',
    'providers: [{ name: idp }]': 'providers[0].issuer is missing',
    [`providers:\n  - ${good}\n    scope: openid`]: 'providers[0] has no field "scope"',
    [`providers:\n  - ${good}\n    scopes: openid`]: 'providers[0].scopes must be a list of texts',
    [`providers:\n  - ${good}\n    label: 1`]: 'providers[0].label must be a text',
    [`providers:\n  - ${good}\n    clientSecretFile: nowhere`]: 'clientSecretFile nowhere cannot be read',
    [`providers:\n  - ${good}\n    clientSecret: s3cret\n    clientSecretFile: f`]:
      'both clientSecret and clientSecretFile',
    [`providers:\n  - ${good}\n    join: { workspace: acme, role: OWNER }`]:
      'providers[0].join.role must be one of',
  }
  for (const [text, told] of Object.entries(wrong)) {
    await writeFile(path, text)
    const failure: unknown = await readSignInProviders(path).catch((reason: unknown) => reason)
    expect([text, failure]).toMatchObject([text, { code: 'BAD_OPTION' }])
    const { message } = failure as Error
    expect(message).toContain(`--sign-in-providers ${path}: `)
    expect(message).toContain(told)
    expect(message).not.toContain('s3cret')
  }
  await expect(readSignInProviders(join(folder.path, 'none.yaml'))).rejects.toMatchObject({
    code: 'BAD_OPTION',
  })
})
