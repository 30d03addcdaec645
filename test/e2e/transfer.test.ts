import { spawn } from 'node:child_process'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GraphQLClient } from '../../examples/thousand-tasks/graphql-client.ts'
import { listAll, signIn } from '../../examples/thousand-tasks/story.ts'
import { canonical } from '../../subgraphs/db/receipt.ts'
import { root } from '../tidy/source-files.ts'
import {
  directoryLines,
  exportText,
  recordLines,
  sampleTask,
  sampleWorkspace,
} from '../transfer/sample-export.ts'
import { demoEmail, demoPassword, tellDemoStory } from './demo.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const minutes = 60_000

/** The records of an export: what stands in it but for its header, and for the end, which has the position. */
async function recordsOf(file: string): Promise<readonly string[]> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n')
  const records = lines.filter(line => !line.startsWith('{"ennead"'))
  return records.map(line => canonical(JSON.parse(line))).sort()
}

/** Tells what differs and not all of it. */
async function expectSameRecords(one: string, other: string): Promise<void> {
  const [left, right] = await Promise.all([recordsOf(one), recordsOf(other)])
  expect(left.length).toBe(right.length)
  expect(left.filter((line, index) => line !== right[index])).toEqual([])
}

test(
  'what is exported from a running Ennead is imported into a new one, where people go on as before',
  { timeout: 3 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    const [old, fresh] = [join(folder.path, 'old'), join(folder.path, 'fresh')]
    const file = join(folder.path, 'backup.ndjson')
    await using first = await startEnnead(['start', '--port', '0', '--data', old])
    const told = await tellDemoStory(first.url, old, 250)
    const password = await demoPassword(old)
    const exported = await runEnnead(['export', '--data', old, '--output', file])
    expect(exported).toMatchObject({ code: 0, stderr: '' })
    expect(exported.stdout).toMatch(/^exported to .*: 1 workspace, 1 user, 1 membership, .* \d+ tasks/)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await first.stop()).toBe(0)

    const checked = await runEnnead(['import', '--input', file, '--check'])
    expect(checked).toMatchObject({ code: 0, stderr: '' })
    const imported = await runEnnead(['import', '--data', fresh, '--input', file])
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    await using second = await startEnnead(['start', '--port', '0', '--data', fresh])
    const client = new GraphQLClient(second.url)
    await signIn(client, { email: demoEmail, password })
    expect(new Set(await listAll(client, told.projectId))).toEqual(told.taskIds)

    // Once more, into the Ennead that runs: everything is there already, and what leaves it is what came.
    const again = await runEnnead(['import', '--data', fresh, '--input', file, '--format', 'json'])
    expect(JSON.parse(again.stdout)).toMatchObject({ imported: 0, kept: 0 })
    const back = join(folder.path, 'back.ndjson')
    expect(await runEnnead(['export', '--data', fresh, '--output', back])).toMatchObject({ code: 0 })
    await expectSameRecords(back, file)
    // And of an Ennead that does not run.
    expect(await second.stop()).toBe(0)
    expect(await runEnnead(['export', '--data', fresh, '--output', back])).toMatchObject({ code: 0 })
    await expectSameRecords(back, file)
  },
)

test(
  'an import that was killed goes on where it stopped, and a bad line changes nothing',
  { timeout: 3 * minutes },
  async () => {
    await using folder = await temporaryFolder()
    const data = join(folder.path, 'data')
    const file = join(folder.path, 'backup.ndjson')
    const sample = sampleWorkspace()
    const tasks = Array.from({ length: 3_000 }, (_, index) => sampleTask(sample, index + 1))
    const lines = [...directoryLines(sample), ...recordLines([sample.project, sample.label, ...tasks])]
    const text = exportText(lines)
    await writeFile(file, text.replace('"number":2999', '"number":-1'))
    const refused = await runEnnead(['import', '--data', data, '--input', file])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain(
      `ennead: IMPORT_INVALID: ${file}:3005: task "${tasks[2_998]?.id}": number must`,
    )
    await expect(stat(data)).rejects.toThrow('ENOENT')

    await writeFile(file, text)
    await using running = await startEnnead(['start', '--port', '0', '--data', data, '--no-demo'])
    const child = spawn(process.execPath, [
      join(root, 'cli/main.ts'),
      'import',
      '--data',
      data,
      '--input',
      file,
    ])
    const ended = new Promise(resolve => child.once('close', resolve))
    const back = join(folder.path, 'back.ndjson')
    // As soon as some of it is there, whatever has been sent by then.
    for (let some = 0; some === 0;) {
      const { stdout } = await runEnnead(['export', '--data', data, '--output', back, '--format', 'json'])
      some = (JSON.parse(stdout) as { records: { task?: number } }).records.task ?? 0
    }
    child.kill('SIGKILL')
    await ended
    const resumed = await runEnnead(['import', '--data', data, '--input', file])
    expect(resumed).toMatchObject({ code: 0, stderr: '' })
    expect(await runEnnead(['export', '--data', data, '--output', back])).toMatchObject({ code: 0 })
    await expectSameRecords(back, file)
    expect(await running.stop()).toBe(0)
  },
)

test('commands that cannot do what they are asked for say why, and leave what is there alone', async () => {
  await using folder = await temporaryFolder()
  const nothing = join(folder.path, 'nothing')
  const output = join(folder.path, 'backup.ndjson')
  await writeFile(output, 'an older backup')
  const none = await runEnnead(['export', '--data', nothing, '--output', output])
  expect(none).toMatchObject({ code: 1, stdout: '' })
  expect(none.stderr).toContain('NOT_RUNNING')
  expect(await readFile(output, 'utf8')).toBe('an older backup')
  await expect(stat(nothing)).rejects.toThrow('ENOENT')
  expect(await runEnnead(['export'])).toMatchObject({ code: 2 })
  expect(await runEnnead(['import', '--input', nothing])).toMatchObject({ code: 4 })
  expect(await runEnnead(['export', '--output', join(nothing, 'x')])).toMatchObject({ code: 4 })
})
