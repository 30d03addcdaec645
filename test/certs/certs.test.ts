import { X509Certificate } from 'node:crypto'
import { readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { certsReport } from '../../cli/certs/certs-report.ts'
import { hostsOf, initAuthority, renewCertificates } from '../../cli/certs/manage-certificates.ts'
import { rotateAuthority } from '../../cli/certs/rotate-authority.ts'
import { memoryLog } from '../service/fixture.ts'
import { testCertificates } from '../support/certificates.ts'

const hourMs = 3_600_000
const rotation = { days: 365, wallMs: Date.now() }

test('a certificate is for its hosts and its holder, for 24 hours, signed by an authority that signs no others', async () => {
  await using certs = await testCertificates()
  await certs.issue('db', { hosts: ['db.internal', '10.0.0.7', '::1'] })
  const [leaf] = [...(await certs.folder.issued()).values()]
  const [authority] = await certs.folder.trusted()
  if (leaf === undefined || authority === undefined) throw new Error('nothing was made')
  expect(leaf.checkIssued(authority) && leaf.verify(authority.publicKey)).toBe(true)
  expect(leaf.ca).toBe(false)
  expect(authority.ca).toBe(true)
  expect(hostsOf(leaf)).toEqual(['db.internal', '10.0.0.7', '0:0:0:0:0:0:0:1'])
  expect(leaf.subjectAltName).toContain('URI:spiffe://ennead/db')
  const lifeMs = leaf.validToDate.getTime() - leaf.validFromDate.getTime()
  expect(Math.floor(lifeMs / hourMs)).toBe(24)
})

test('all files are their owner’s only', async () => {
  await using certs = await testCertificates()
  await certs.issue('db')
  const files = await readdir(certs.folder.path)
  expect(files.toSorted()).toEqual(['authority.crt', 'authority.key', 'ca.crt', 'db.crt', 'db.key'])
  for (const file of files) expect((await stat(join(certs.folder.path, file))).mode & 0o777).toBe(0o600)
})

test('what has lived half of its life is renewed with its hosts and its life, and nothing else', async () => {
  await using certs = await testCertificates()
  const now = Date.now()
  await certs.issue('old', { hosts: ['old.internal'], hours: 10, wallMs: now - 6 * hourMs })
  await certs.issue('young', { wallMs: now - hourMs })
  const young = await readFile(certs.folder.file('young', 'crt'), 'utf8')
  expect(await renewCertificates(certs.folder, { holders: [], early: false, wallMs: now })).toEqual(['old'])
  const renewed = new X509Certificate(await readFile(certs.folder.file('old', 'crt'), 'utf8'))
  expect(hostsOf(renewed)).toEqual(['old.internal'])
  expect(renewed.validToDate.getTime()).toBeGreaterThan(now + 9.9 * hourMs)
  expect(renewed.validToDate.getTime()).toBeLessThanOrEqual(now + 10 * hourMs)
  expect(await readFile(certs.folder.file('young', 'crt'), 'utf8')).toBe(young)
})

test('an authority is replaced in three steps, at each of which every certificate is believed', async () => {
  await using certs = await testCertificates()
  for (const holder of ['api', 'db']) await certs.issue(holder)
  const believed = async (): Promise<boolean> => {
    const trusted = await certs.folder.trusted()
    return [...(await certs.folder.issued()).values()].every(leaf =>
      trusted.some(authority => leaf.verify(authority.publicKey)),
    )
  }
  const [first] = await certs.folder.trusted()
  await rotateAuthority(certs.folder, 'introduce', rotation)
  expect(await believed()).toBe(true)
  expect(await certs.folder.trusted()).toHaveLength(2)
  await rotateAuthority(certs.folder, 'switch', rotation)
  expect(await believed()).toBe(true)
  await rotateAuthority(certs.folder, 'retire', rotation)
  expect(await believed()).toBe(true)
  const [last, ...more] = await certs.folder.trusted()
  expect(more).toEqual([])
  expect(last?.fingerprint256).not.toBe(first?.fingerprint256)
})

test('steps out of turn are refused with the one to take', async () => {
  await using certs = await testCertificates()
  const step = (name: 'introduce' | 'switch' | 'retire'): Promise<string> =>
    rotateAuthority(certs.folder, name, rotation)
  await expect(step('switch')).rejects.toMatchObject({ code: 'BAD_OPTION', message: /--step introduce/ })
  await step('introduce')
  await expect(step('introduce')).rejects.toMatchObject({ code: 'BAD_OPTION', message: /--step switch/ })
  await expect(step('retire')).rejects.toMatchObject({ code: 'BAD_OPTION', message: /--step switch/ })
})

test('a second authority, wrong names and wrong hosts are refused, and nothing is written', async () => {
  await using certs = await testCertificates()
  await expect(initAuthority(certs.folder, 1, Date.now())).rejects.toMatchObject({ code: 'BAD_OPTION' })
  for (const holder of ['../db', 'ca', 'authority', '', 'DB', 'db/x']) {
    await expect(certs.issue(holder)).rejects.toMatchObject({ code: 'BAD_OPTION' })
  }
  for (const host of ['', 'a b', 'https://db', 'db:4003', 'ä']) {
    await expect(certs.issue('db', { hosts: [host] })).rejects.toMatchObject({ code: 'BAD_OPTION' })
  }
  expect((await certs.folder.issued()).size).toBe(0)
})

test('no certificate outlives its authority', async () => {
  await using certs = await testCertificates()
  await expect(certs.issue('db', { hours: 24 * 400 })).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('the report names what runs out and what nobody would believe', async () => {
  await using certs = await testCertificates()
  const now = Date.now()
  await certs.issue('db', { wallMs: now })
  expect((await certsReport(certs.folder, now)).good).toBe(true)
  expect((await certsReport(certs.folder, now + 20 * hourMs)).text).toMatch(/^db +expiring/m)
  expect((await certsReport(certs.folder, now + 30 * hourMs)).text).toMatch(/^db +expired/m)
  expect((await certsReport(certs.folder, now + 30 * hourMs)).good).toBe(false)
})

test('a process keeps what it has while a file is wrong, says so, and takes the next good one', async () => {
  await using certs = await testCertificates()
  await certs.issue('db')
  await certs.issue('api')
  const { log, lines } = memoryLog()
  const tls = await certs.follow(certs.filesOf('db'), log)
  const shown = tls.current.own?.certificate
  const api = await certs.folder.pair('api')
  const db = await certs.folder.pair('db')
  if (api === undefined || db === undefined) throw new Error('there are no pairs')
  await certs.folder.writePair('db', { certificate: api.certificate, key: db.key })
  await expect.poll(() => lines.join()).toContain('is not the key of the certificate in')
  expect(tls.current.own?.certificate).toBe(shown)
  await certs.folder.writePair('db', api)
  await expect.poll(() => tls.current.own?.certificate).toBe(api.certificate)
})

test.each([
  ['a certificate without its key', { key: undefined }, /without its key/],
  ['a key of another certificate', { key: 'api' }, /is not the key of the certificate/],
  ['an authority that is not there', { ca: 'nothing' }, /cannot be read/],
  ['a key in the place of an authority', { ca: 'key' }, /holds no certificate/],
])('%s is refused by name', async (_, change, message) => {
  await using certs = await testCertificates()
  await certs.issue('db')
  await certs.issue('api')
  const key = 'key' in change ? change.key && certs.folder.file('api', 'key') : certs.folder.file('db', 'key')
  const ca =
    'ca' in change && change.ca === 'key' ? certs.folder.file('db', 'key') : `${certs.folder.path}/nothing`
  const files = { ...certs.filesOf('db'), key, ...('ca' in change ? { ca } : {}) }
  await expect(certs.follow(files)).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringMatching(message),
  })
})
