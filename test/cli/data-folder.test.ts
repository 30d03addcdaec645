import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openDataFolder } from '../../cli/data-folder.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ennead-data-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a second opener of the same role is refused with the process id of the first', async () => {
  await using first = await openDataFolder(folder, ['start'])
  await expect(openDataFolder(folder, ['start'])).rejects.toMatchObject({
    code: 'DATA_FOLDER_IN_USE',
    message: expect.stringContaining(`process ${process.pid}`),
  })
  expect(first.fresh).toBe(true)
})

test('after a release the folder opens again and is not fresh any more', async () => {
  await (await openDataFolder(folder, ['start']))[Symbol.asyncDispose]()
  await using second = await openDataFolder(folder, ['start'])
  expect(second.fresh).toBe(false)
})

test('roles do not exclude each other, and a refused opener leaves none of its locks behind', async () => {
  await using db = await openDataFolder(folder, ['db'])
  await expect(openDataFolder(folder, ['auth', 'db'])).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' })
  await using auth = await openDataFolder(folder, ['auth'])
  expect([db.path, auth.path]).toEqual([folder, folder])
})

test('the lock of a process that was killed is taken over', async () => {
  const script = `import { openDataFolder } from ${JSON.stringify(join(import.meta.dirname, '../../cli/data-folder.ts'))}
    await openDataFolder(${JSON.stringify(folder)}, ['start']); console.log('locked'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise(resolve => child.stdout.once('data', resolve))
  await expect(openDataFolder(folder, ['start'])).rejects.toMatchObject({ code: 'DATA_FOLDER_IN_USE' })
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  await using taken = await openDataFolder(folder, ['start'])
  expect(taken.path).toBe(folder)
})

test('a folder of another format is refused and left alone', async () => {
  await writeFile(join(folder, 'format'), '99\n')
  await expect(openDataFolder(folder, ['start'])).rejects.toMatchObject({
    code: 'DATA_FOLDER_CORRUPT',
    message: expect.stringContaining('format 1'),
  })
  expect(await readFile(join(folder, 'format'), 'utf8')).toBe('99\n')
  await expect(openDataFolder(folder, ['start'])).rejects.toMatchObject({ code: 'DATA_FOLDER_CORRUPT' })
})

test('a path that is a file is refused by name', async () => {
  const file = join(folder, 'file')
  await writeFile(file, '')
  await expect(openDataFolder(file, ['start'])).rejects.toMatchObject({
    code: 'DATA_FOLDER_UNREADABLE',
    message: expect.stringContaining(file),
  })
})

test('the hop secret is made once, kept, and readable by its owner only', async () => {
  await using data = await openDataFolder(folder, ['start'])
  const [[one], [two]] = await Promise.all([data.hopSecrets(), data.hopSecrets()])
  expect(one.equals(two)).toBe(true)
  expect(one.length).toBe(32)
  expect((await stat(join(folder, 'keys', 'hop'))).mode & 0o777).toBe(0o600)
})

test('a truncated hop secret is refused, not replaced', async () => {
  await mkdir(join(folder, 'keys'), { recursive: true })
  await writeFile(join(folder, 'keys', 'hop'), 'short')
  await using data = await openDataFolder(folder, ['start'])
  await expect(data.hopSecrets()).rejects.toMatchObject({ code: 'DATA_FOLDER_CORRUPT' })
  expect(await readFile(join(folder, 'keys', 'hop'), 'utf8')).toBe('short')
})

test('sockets of a folder with a long name are kept short enough to listen on', async () => {
  const long = join(folder, 'x'.repeat(120))
  await using data = await openDataFolder(long, ['start'])
  expect(Buffer.byteLength(await data.socketPath('control'))).toBeLessThanOrEqual(100)
})
