import { appendFile, mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readOperations } from '../../checks/operations/read-operations.ts'
import { requestsOf } from '../../checks/operations/recorded-operation.ts'
import { clientNameOf } from '../../gateway/recording/client-name.ts'
import type { ClientName } from '../../gateway/recording/client-name.ts'
import { openOperationLog } from '../../gateway/recording/operation-log.ts'
import type { OperationLog, OperationLogOptions } from '../../gateway/recording/operation-log.ts'
import type { PreparedOperation } from '../../gateway/engine.ts'
import { jsonLog } from '../../kernel/log.ts'
import { temporaryFolder } from '../e2e/running-ennead.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { ManualClock } from '../support/manual-clock.ts'

const web: ClientName = { client: 'web', version: '1' }
const phone: ClientName = { client: 'phone', version: undefined }
const nobody: ClientName = { client: undefined, version: undefined }

function operation(name: string): PreparedOperation {
  return { kind: 'query', name, textWithoutValues: `query ${name} {\n  ${name}\n}` }
}

interface Bench extends AsyncDisposable {
  readonly folder: string
  readonly file: string
  readonly clock: ManualClock
  readonly lines: string[]
  open(options?: Partial<OperationLogOptions>): Promise<OperationLog>
}

async function bench(): Promise<Bench> {
  const folder = await temporaryFolder()
  const file = join(folder.path, 'operations.jsonl')
  const clock = manualClock()
  const lines: string[] = []
  const log = jsonLog({ write: text => lines.push(text), wall: () => clock.wall() })
  const options = { file, everyMs: 1_000, clock, log }
  const open = (given: Partial<OperationLogOptions> = {}): Promise<OperationLog> =>
    openOperationLog({ ...options, ...given })
  return { folder: folder.path, file, clock, lines, open, [Symbol.asyncDispose]: folder[Symbol.asyncDispose] }
}

async function requestsIn(file: string): Promise<Readonly<Record<string, number>>> {
  const { operations, notices } = await readOperations([file])
  expect(notices).toEqual([])
  return Object.fromEntries(operations.map(each => [each.name, requestsOf(each)]))
}

test('counts are written at each interval, by operation and client, with the last time', async () => {
  await using at = await bench()
  const log = await at.open()
  log.record(operation('a'), web)
  log.record(operation('a'), web)
  log.record(operation('a'), phone)
  expect(await readFile(at.file, 'utf8')).toBe('')
  at.clock.advance(1_000)
  log.record(operation('a'), web)
  log.record(operation('b'), nobody)
  const lastSeenMs = at.clock.wall()
  at.clock.advance(1_000)
  // Joins the write that the interval began.
  await log.flush()
  const { operations } = await readOperations([at.file])
  expect(operations.map(({ name, traffic }) => ({ name, traffic }))).toEqual([
    {
      name: 'a',
      traffic: [
        { client: 'web', version: '1', requests: 3, lastSeenMs },
        { client: 'phone', version: undefined, requests: 1, lastSeenMs: lastSeenMs - 1_000 },
      ],
    },
    { name: 'b', traffic: [{ client: undefined, version: undefined, requests: 1, lastSeenMs }] },
  ])
  const text = await readFile(at.file, 'utf8')
  expect(text.match(/"document"/g)).toHaveLength(2)
  await log.close()
  expect(await readFile(at.file, 'utf8')).toBe(text)
  expect(at.clock.timers).toBe(0)
})

test('closing writes what was counted, and another process goes on in the same file', async () => {
  await using at = await bench()
  for (let run = 0; run < 3; run++) {
    const log = await at.open()
    log.record(operation('a'), web)
    await log.close()
    log.record(operation('a'), web)
    await log.close()
  }
  expect(await requestsIn(at.file)).toEqual({ a: 3 })
})

test('half a line of a process that was killed spoils no line after it', async () => {
  await using at = await bench()
  await appendFile(at.file, '{"entry":"document","id":"0","text":"{ a ')
  const log = await at.open()
  log.record(operation('a'), web)
  await log.close()
  const { operations, notices } = await readOperations([at.file])
  expect(operations.map(requestsOf)).toEqual([1])
  expect(notices.map(({ locations }) => locations[0]?.line)).toEqual([1])
})

test('a file that is full becomes a numbered one; each can be read alone, and the oldest is removed', async () => {
  await using at = await bench()
  const log = await at.open({ bytesMax: 700, filesMax: 3 })
  for (let round = 1; round <= 8; round++) {
    log.record(operation('a'), web)
    log.record(operation('a'), phone)
    log.record(operation(`round${round}`), web)
    await log.flush()
    for (const file of await readdir(at.folder))
      expect((await readFile(join(at.folder, file))).byteLength).toBeLessThanOrEqual(700)
    if (round === 2) expect(await requestsIn(at.file)).toEqual({ a: 4, round1: 1, round2: 1 })
  }
  await log.close()
  expect((await readdir(at.folder)).sort()).toEqual(
    ['operations.jsonl', 'operations.jsonl.1', 'operations.jsonl.2'].sort(),
  )
  for (const file of ['operations.jsonl.1', 'operations.jsonl.2']) {
    expect((await requestsIn(join(at.folder, file)))['a']).toBeGreaterThan(0)
  }
  const kept = await requestsIn(at.file)
  expect(kept).toMatchObject({ round8: 1, round7: 1 })
  expect(kept).not.toHaveProperty('round1')
})

test('a rotation that was cut off leaves a gap, which the next one closes', async () => {
  await using at = await bench()
  await appendFile(`${at.file}.2`, '{"entry":"omitted","requests":5}\n')
  await appendFile(at.file, '{"entry":"omitted","requests":7}\n')
  const log = await at.open({ bytesMax: 50 })
  log.record(operation('a'), web)
  await log.close()
  expect((await readOperations([at.file])).omitted).toBe(12)
})

test('a write that fails is told once, and everything is written when it works again', async () => {
  await using at = await bench()
  const log = await at.open()
  log.record(operation('a'), web)
  await rm(at.file)
  await mkdir(at.file)
  for (let round = 0; round < 3; round++) {
    log.record(operation('a'), web)
    log.record(operation('b'), phone)
    at.clock.advance(1_000)
    await log.flush()
  }
  expect(at.lines.filter(line => line.includes('operation-log.not-written'))).toHaveLength(1)
  await rmdir(at.file)
  await log.close()
  expect(await requestsIn(at.file)).toEqual({ a: 4, b: 3 })
  expect(at.lines.filter(line => line.includes('operation-log.writes-again'))).toHaveLength(1)
  expect(at.lines).toHaveLength(2)
})

test('what cannot be written until the end is told with its number of requests', async () => {
  await using at = await bench()
  const log = await at.open()
  await rm(at.file)
  await mkdir(at.file)
  for (let request = 0; request < 5; request++) log.record(operation('a'), web)
  await log.close()
  expect(at.lines.join('\n')).toMatch(/"operation-log.lost".*"requests":5/)
})

test('more operations than may be told apart are counted together', async () => {
  await using at = await bench()
  const log = await at.open({ entriesMax: 3 })
  for (let number = 0; number < 10; number++) log.record(operation(`a${number}`), web)
  log.record(operation('a0'), web)
  await log.close()
  expect(await requestsIn(at.file)).toEqual({ a0: 2, a1: 1, a2: 1 })
  expect((await readOperations([at.file])).omitted).toBe(7)
})

test('more characters than may be kept are not kept', async () => {
  await using at = await bench()
  const log = await at.open({ charactersMax: 40 })
  for (const name of ['a', 'b', 'c', 'd']) log.record(operation(name), web)
  log.record(operation('a'), phone)
  await log.close()
  expect(await requestsIn(at.file)).toEqual({ a: 2, b: 1 })
  expect((await readOperations([at.file])).omitted).toBe(2)
})

test('a file that somebody took away begins anew with its documents', async () => {
  await using at = await bench()
  const log = await at.open()
  log.record(operation('a'), web)
  await log.flush()
  await rm(at.file)
  log.record(operation('a'), web)
  await log.close()
  expect(await requestsIn(at.file)).toEqual({ a: 1 })
})

test('a place that cannot be written is refused at the start', async () => {
  await using at = await bench()
  const refusal = { code: 'BAD_OPTION', message: expect.stringContaining(at.folder) }
  await expect(at.open({ file: at.folder })).rejects.toMatchObject(refusal)
  await expect(at.open({ file: join(at.folder, 'none', 'log') })).rejects.toMatchObject(refusal)
  await expect(at.open({ filesMax: 0 })).rejects.toMatchObject({ code: 'BAD_OPTION' })
})

test('a client is who its headers say, shortened and without control characters', () => {
  expect(clientNameOf({ 'apollographql-client-name': 'web', 'apollographql-client-version': '1.2' })).toEqual(
    { client: 'web', version: '1.2' },
  )
  expect(clientNameOf({ 'graphql-client-name': ' a\u001b[31m ', 'graphql-client-version': '' })).toEqual({
    client: 'a[31m',
    version: undefined,
  })
  expect(clientNameOf({ 'graphql-client-name': 'x'.repeat(1_000) }).client).toHaveLength(100)
  expect(clientNameOf({})).toEqual(nobody)
})
