import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

test('sign-ins, refusals and changes of members are in the audit log, which holds no secret and tells when it was changed', async () => {
  await using folder = await temporaryFolder()
  const data = ['--data', folder.path]
  await using running = await startEnnead(['start', '--port', '0', '--disable', 'db.sql', ...data])
  await runEnnead(['token', '--user', 'ada@ennead.example', ...data])
  await runEnnead(['user', 'add', '--email', 'eve@ennead.example', '--workspace', 'demo', ...data])
  const query =
    'mutation { signIn(input: { email: "ada@ennead.example", password: "wrong password" }) { errors { message } } }'
  await fetch(running.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  const path = join(folder.path, 'auth', 'audit.ndjson')
  const text = await readFile(path, 'utf8')
  const kinds = text
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as { readonly kind: string }).kind)
  expect(kinds).toEqual(
    expect.arrayContaining(['WORKSPACE_CREATED', 'USER_CREATED', 'MEMBER_CHANGED', 'SIGNED_IN']),
  )
  expect(kinds.at(-1)).toBe('SIGN_IN_REFUSED')
  expect(text).not.toMatch(/ada@|eve@|wrong password|eyJ/)

  const whole = await runEnnead(['audit', 'verify', ...data])
  expect(whole).toMatchObject({ code: 0, stderr: '' })
  const pin = /^whole: \d+ entries, pin (\d+:[0-9a-f]{64})\n$/.exec(whole.stdout)?.[1] ?? ''
  expect(await runEnnead(['audit', 'verify', '--pin', pin, ...data])).toMatchObject({ code: 0 })
  expect(await runEnnead(['audit', 'export', ...data])).toEqual({ code: 0, stdout: text, stderr: '' })
  const newest = await runEnnead(['audit', 'export', '--after', String(kinds.length - 1), ...data])
  expect(newest.stdout).toBe(`${text.trim().split('\n').at(-1)}\n`)
  const nobody = await runEnnead(['audit', 'export', '--workspace', 'workspace_0', ...data])
  expect(nobody).toEqual({ code: 0, stdout: '', stderr: '' })
  await writeFile(path, text.replace('"SIGNED_IN"', '"KEYS_ROTATED"'))
  const changed = await runEnnead(['audit', 'verify', ...data])
  expect(changed).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/audit\.ndjson:\d+: it was changed/),
  })
}, 120_000)
