import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { followHopSecrets, parseHopSecrets } from '../../cli/hop-secret.ts'
import { hopHeaders } from '../../kernel/hop.ts'
import { HopSigner } from '../../kernel/hop-signer.ts'
import { hopOf, memoryLog, temporaryFolder } from '../service/fixture.ts'

const target = { audience: 'db', method: 'POST', path: '/' }

test('secrets stand in one text, and a text with one that is none is none', () => {
  const [a, b] = [randomBytes(32), randomBytes(48)]
  const [textA, textB] = [a.toString('base64url'), b.toString('base64url')]
  expect(parseHopSecrets(`${textA}\n`)).toEqual([a])
  expect(parseHopSecrets(`${textA}, ${textB}`)).toEqual([a, b])
  expect(parseHopSecrets(`${textB}\n${textA}\n`)).toEqual([b, a])
  for (const wrong of ['', ' \n', 'short', `${textA},short`, `${textA}+/${textB}`]) {
    expect([wrong, parseHopSecrets(wrong)]).toEqual([wrong, undefined])
  }
})

test('a file of secrets is followed, and what cannot be used changes nothing', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'hop')
  const [old, next] = [randomBytes(32), randomBytes(32)]
  const write = (...secrets: Buffer[]): Promise<void> =>
    writeFile(file, secrets.map(secret => `${secret.toString('base64url')}\n`).join(''))
  const { log, lines } = memoryLog()
  const signer = new HopSigner(old)
  const accepts = (secret: Buffer): boolean => {
    try {
      signer.open(new HopSigner(secret).headers(hopOf(undefined), target)[hopHeaders.assertion] ?? '', target)
      return true
    } catch {
      return false
    }
  }
  await write(old)
  const stop = followHopSecrets(file, signer, { log, everyMs: 5 })
  await write(old, next)
  await expect.poll(() => accepts(next)).toBe(true)
  expect(accepts(old)).toBe(true)
  await write(next)
  await expect.poll(() => accepts(old)).toBe(false)
  await rm(file)
  await expect.poll(() => lines.filter(line => line.includes('hop.secrets-unusable')).length).toBe(1)
  expect(accepts(next)).toBe(true)
  expect(lines.join('')).not.toContain(next.toString('base64url'))
  stop()
})
