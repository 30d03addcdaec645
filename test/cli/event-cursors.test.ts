import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cursorsOf } from '../../cli/wiring/event-source.ts'
import { memoryLog, temporaryFolder } from '../service/fixture.ts'

const none = { eventCursorSecret: undefined, hopSecret: undefined, hopSecretFile: undefined }
const secret = (): string => randomBytes(32).toString('base64url')
const position = { epoch: 'e', seq: 7 }

test('gateways with the same secret read each other’s cursors, wherever they have it from', async () => {
  await using folder = await temporaryFolder()
  const { log, lines } = memoryLog()
  const [first, other] = [secret(), secret()]
  const file = join(folder.path, 'hop')
  await writeFile(file, `${first}\n`)
  const made = (await cursorsOf({ ...none, eventCursorSecret: first }, log)).encode(position, 'a subject')
  for (const settings of [
    { ...none, hopSecret: first },
    { ...none, hopSecretFile: file },
    { ...none, hopSecretFile: file, hopSecret: `${first},${other}` },
    { eventCursorSecret: first, hopSecret: other, hopSecretFile: file },
    // A new secret, and the old one behind it.
    { ...none, hopSecret: `${other},${first}` },
  ]) {
    expect((await cursorsOf(settings, log)).decode(made, 'a subject')).toEqual(position)
  }
  expect(lines).toEqual([])
  const strangers = await cursorsOf({ ...none, hopSecret: other }, log)
  expect(() => strangers.decode(made, 'a subject')).toThrow('not issued here')
})

test('without a secret cursors are of this process alone, and the log says what to do about it', async () => {
  const { log, lines } = memoryLog()
  const [one, two] = [await cursorsOf(none, log), await cursorsOf(none, log)]
  expect(() => two.decode(one.encode(position, 's'), 's')).toThrow('not issued here')
  expect(lines.join()).toContain('--event-cursor-secret')
  await expect(cursorsOf({ ...none, hopSecretFile: '/nowhere/hop' }, log)).rejects.toThrow(
    '--hop-secret-file: /nowhere/hop cannot be read',
  )
  await expect(cursorsOf({ ...none, eventCursorSecret: 'short' }, log)).rejects.toThrow(
    '--event-cursor-secret must hold secrets of at least 32 bytes',
  )
})
