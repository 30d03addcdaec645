import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AuditLog } from '../../subgraphs/auth/audit/audit-log.ts'
import { verifyAudit } from '../../subgraphs/auth/audit/verify-audit.ts'
import { silentLog } from '../../kernel/log.ts'
import { temporaryFolder } from '../e2e/running-ennead.ts'
import { manualClock } from '../support/manual-clock.ts'

const made = (userId: string) => ({ kind: 'USER_CREATED', userId }) as const

function open(path: string): Promise<AuditLog> {
  return AuditLog.open({ path, clock: manualClock(), log: silentLog })
}

async function written(path: string, users: readonly string[]): Promise<void> {
  const log = await open(path)
  await Promise.all(users.map(user => log.append(made(user))))
  await log.close()
}

test('entries of one life and of the next are one chain, in order', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'deep', 'audit.ndjson')
  await written(path, ['a', 'b', 'c'])
  await written(path, ['d'])
  expect(await verifyAudit(path)).toMatchObject({ is: 'whole', entries: 4 })
  const entries = (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as object)
  expect(entries).toMatchObject(['a', 'b', 'c', 'd'].map((userId, index) => ({ userId, seq: index + 1 })))
})

test('whatever is changed, taken out, put in or moved is found', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'audit.ndjson')
  await written(path, ['a', 'b', 'c', 'd', 'e', 'f'])
  const whole = await readFile(path, 'utf8')
  const lines = whole.trimEnd().split('\n')
  const place = fc.nat(lines.length - 1)
  const changes = fc.oneof(
    fc.tuple(fc.nat(whole.length - 2), fc.constantFrom('0', 'x', '"', '{')).map(([at, char]) => {
      return whole.slice(0, at) + char + whole.slice(at + 1)
    }),
    // The last line may be missing: only a pin shows that.
    fc.nat(lines.length - 2).map(index => lines.toSpliced(index, 1).join('\n')),
    fc.tuple(place, place).map(([from, to]) => lines.toSpliced(to, 0, lines[from] ?? '').join('\n')),
    fc.tuple(place, place).map(([from, to]) => {
      const moved = lines.toSpliced(from, 1)
      return moved.toSpliced(to, 0, lines[from] ?? '').join('\n')
    }),
  )
  await fc.assert(
    fc.asyncProperty(changes, async text => {
      fc.pre(text.trimEnd() !== whole.trimEnd())
      await writeFile(path, text)
      expect((await verifyAudit(path)).is).toBe('broken')
    }),
    { numRuns: 300 },
  )
})

test('a log that was cut, or written anew, does not have the entry that was pinned', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'audit.ndjson')
  await written(path, ['a', 'b', 'c'])
  const verdict = await verifyAudit(path)
  if (verdict.is !== 'whole') throw new Error(verdict.why)
  const pins = [{ seq: 3, hash: verdict.hash }]
  await written(path, ['d'])
  expect(await verifyAudit(path, pins)).toMatchObject({ is: 'whole', entries: 4 })
  await truncate(path, (await readFile(path, 'utf8')).split('\n').slice(0, 2).join('\n').length + 1)
  expect(await verifyAudit(path)).toMatchObject({ is: 'whole', entries: 2 })
  expect(await verifyAudit(path, pins)).toMatchObject({
    is: 'broken',
    why: expect.stringMatching(/ends before the entry 3/),
  })
  await rm(path)
  await written(path, ['a', 'b', 'x', 'd'])
  expect(await verifyAudit(path, pins)).toMatchObject({
    is: 'broken',
    line: 3,
    why: expect.stringMatching(/not the entry 3/),
  })
})

test('half an entry, as a crash leaves it, is cut off; the chain goes on behind the last whole one', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'audit.ndjson')
  await written(path, ['a', 'b'])
  await appendFile(path, '{"seq":3,"at":"2026')
  await written(path, ['c'])
  expect(await verifyAudit(path)).toMatchObject({ is: 'whole', entries: 3 })
})

test('a full disk holds nobody up, and is told in the log', async () => {
  const lines: string[] = []
  const log = await AuditLog.open({
    path: '/dev/full',
    clock: manualClock(),
    log: { ...silentLog, error: name => void lines.push(name) },
  })
  await Promise.all([log.append(made('a')), log.append(made('b'))])
  await log.append(made('c'))
  expect(lines).toEqual(['auth.audit.failed', 'auth.audit.failed'])
  await log.close()
})
