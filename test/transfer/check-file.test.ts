import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkFile } from '../../cli/transfer/check-file.ts'
import { directoryLines, exportText, recordLines, sampleTask, sampleWorkspace } from './sample-export.ts'

let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ennead-transfer-'))
  path = join(folder, 'backup.ndjson')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const sample = sampleWorkspace()
const tasks = [1, 2, 3].map(number => sampleTask(sample, number))
const lines = [...directoryLines(sample), ...recordLines([sample.project, sample.label, ...tasks])]
const whole = exportText(lines)

async function checked(text: string): Promise<Awaited<ReturnType<typeof checkFile>>> {
  await writeFile(path, text)
  return checkFile(path, () => undefined)
}

async function refusalOf(text: string): Promise<string> {
  return checked(text).then(
    () => 'taken',
    (failure: unknown) => (failure instanceof Error ? failure.message.replace(path, 'FILE') : 'not an error'),
  )
}

test('a whole export is counted', async () => {
  const { counts, changed, header } = await checked(whole)
  expect(Object.fromEntries(counts)).toEqual({
    workspace: 1,
    user: 1,
    member: 1,
    project: 1,
    label: 1,
    task: 3,
  })
  expect([...changed]).toEqual([])
  expect(header.parts).toEqual(['auth', 'db'])
})

test('what changed while it was written is known by its key', async () => {
  const { changed } = await checked(
    exportText(lines, recordLines([sampleTask(sample, 1, { id: tasks[0]?.id ?? '' })])),
  )
  expect([...changed]).toEqual([`task/${tasks[0]?.id}`])
})

test('each fault is told with file, line and reason', async () => {
  const rows = whole.split('\n')
  const without = (line: number): string => rows.filter((_, index) => index !== line - 1).join('\n')
  const changed = (line: number, from: string, to: string): string =>
    rows.map((row, index) => (index === line - 1 ? row.replace(from, to) : row)).join('\n')
  expect(await refusalOf('')).toBe('FILE:1: the file ends without its end; it was cut off')
  expect(await refusalOf('hello\n')).toBe('FILE:1: it is not JSON')
  expect(await refusalOf(without(1))).toContain('FILE:1: it does not begin with the header of an export')
  expect(await refusalOf(`${rows.slice(0, 5).join('\n')}\n`)).toContain(
    'FILE:6: the file ends without its end',
  )
  expect(await refusalOf(whole.slice(0, -10))).toContain(
    'FILE:10: the file ends within this line; it was cut off',
  )
  expect(await refusalOf(without(8))).toBe('FILE:9: the file has 2 records of kind task, its end says 3')
  expect(await refusalOf(changed(7, 'Task 1', 'Task 9'))).toContain('FILE:10: the file was changed')
  expect(await refusalOf(changed(7, '"status":"TODO"', '"status":"MAYBE"'))).toContain(
    `FILE:7: task "${tasks[0]?.id}": status must be one of BACKLOG`,
  )
  expect(await refusalOf(changed(1, '"version":1', '"version":2'))).toContain(
    'FILE:1: it is an export of version 2, this Ennead reads version 1',
  )
  expect(await refusalOf(changed(3, 'grace@', 'Grace@'))).toContain('email is missing or not of its form')
  expect(await refusalOf(whole + whole)).toBe('FILE:11: there is something behind the end')
  expect(await refusalOf(`${rows[0]}\n${'x'.repeat(5 * 2 ** 20)}\n`)).toContain(
    'FILE:2: the line has more than',
  )
})

test('a file with any one byte changed, lost or added is refused', async () => {
  const bytes = Buffer.from(whole)
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.integer({ min: 0, max: 255 }),
      fc.constantFrom('change', 'lose', 'add'),
      async (at, byte, how) => {
        fc.pre(how !== 'change' || bytes[at] !== byte)
        const behind = how === 'add' ? at : at + 1
        const given = how === 'lose' ? Buffer.alloc(0) : Buffer.from([byte])
        await writeFile(path, Buffer.concat([bytes.subarray(0, at), given, bytes.subarray(behind)]))
        await expect(checkFile(path, () => undefined)).rejects.toMatchObject({ code: 'IMPORT_INVALID' })
      },
    ),
    { numRuns: 300 },
  )
})

test('a file that is not there is told by its name', async () => {
  await expect(checkFile(join(folder, 'nothing'), () => undefined)).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
  })
})
