import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encryptionSettings } from '../../cli/encryption/encryption-settings.ts'
import { Lifecycle } from '../../cli/lifecycle.ts'
import { openVault } from '../../cli/wiring/vault.ts'
import { silentLog } from '../../kernel/log.ts'
import { readSettings } from '../../kernel/settings.ts'
import type { Vault } from '../../subgraphs/db/encryption/vault.ts'
import { keyLines } from '../db/encryption/keys-for-tests.ts'
import { memoryLog, temporaryFolder } from '../service/fixture.ts'

async function vaultFor(
  argv: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  lifecycle = new Lifecycle(silentLog),
): Promise<Vault> {
  return openVault(readSettings(encryptionSettings, argv, environment), lifecycle, silentLog)
}

test('settings that cannot be meant are refused with the way out', async () => {
  await using folder = await temporaryFolder()
  const [file, none] = [join(folder.path, 'keys'), join(folder.path, 'none')]
  const [line = ''] = keyLines('k1')
  await writeFile(file, line)
  for (const [argv, why] of [
    [['--encrypt', 'task.description'], /needs keys: give --encryption-keys-file; make one: echo/],
    [['--encrypt', 'task.status'], /any of task\.title, task\.description, comment\.body/],
    [['--encryption-keys-file', none], /--encryption-keys-file: .*none cannot be read/],
    [['--encryption-keys', 'k1'], /--encryption-keys: key 1 must be an id, a colon and 32 bytes/],
    [['--encryption-keys-file', file, '--encryption-keys', line], /not both/],
  ] as const) {
    await expect(vaultFor(argv)).rejects.toThrow(why)
  }
  expect((await vaultFor([])).fields).toEqual([])
  const vault = await vaultFor(['--encrypt', 'comment.body,task.title'], { ENNEAD_ENCRYPTION_KEYS: line })
  expect(vault.fields).toEqual(['task.title', 'comment.body'])
  expect(vault.keys?.ids).toEqual(['k1'])
})

test('a file of keys is followed, and what cannot be used changes nothing and is said once, without a key', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'keys')
  const [old = '', fresh = ''] = keyLines('old', 'new')
  const { log, lines } = memoryLog()
  const lifecycle = new Lifecycle(silentLog)
  await writeFile(file, old)
  const settings = readSettings(encryptionSettings, ['--encryption-keys-file', file], {})
  const { keys } = await openVault(settings, lifecycle, log)
  await writeFile(file, `${fresh}\n${old}\n`)
  await keys?.look()
  expect([keys?.current.id, keys?.ids]).toEqual(['new', ['new', 'old']])
  for (const unusable of [`${fresh}\n${old.slice(0, -9)}`, '']) {
    await writeFile(file, unusable)
    await keys?.look()
    await keys?.look()
  }
  await rm(file)
  await keys?.look()
  expect(keys?.ids).toEqual(['new', 'old'])
  expect(lines.filter(line => line.includes('encryption.keys-unusable'))).toHaveLength(2)
  for (const line of [old, fresh]) expect(lines.join('')).not.toContain(line.slice(4, 20))
  await lifecycle.close()
})
