import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { askControl, serveControl } from '../../cli/control.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ennead-control-'))
  path = join(folder, 'control.sock')
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a command gets its handler’s answer over a socket that only the owner can open', async () => {
  await using _server = await serveControl(path, new Map([['echo', async input => input['text']]]), silentLog)
  expect(await askControl(path, folder, 'echo', { text: 'hello' })).toBe('hello')
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a handler’s refusal arrives with its code and message', async () => {
  const refuse = async (): Promise<never> => {
    throw new EnneadError('NOT_FOUND', 'no such user', { facts: { user: 'ada' } })
  }
  await using _server = await serveControl(path, new Map([['token', refuse]]), silentLog)
  await expect(askControl(path, folder, 'token', {})).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'no such user',
    facts: { user: 'ada' },
  })
  await expect(askControl(path, folder, 'other', {})).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('a process says what can be asked of it', async () => {
  await using _server = await serveControl(path, new Map([['echo', async () => 'x']]), silentLog)
  expect(await askControl(path, folder, 'commands', {})).toEqual(['echo'])
})

test('a body over the limit is refused', async () => {
  await using _server = await serveControl(path, new Map([['echo', async () => 'x']]), silentLog)
  await expect(askControl(path, folder, 'echo', { text: 'x'.repeat(65 * 2 ** 20) })).rejects.toBeInstanceOf(
    EnneadError,
  )
})

test('where nothing runs the command says how to start it', async () => {
  await expect(askControl(path, folder, 'token', {})).rejects.toMatchObject({
    code: 'NOT_RUNNING',
    message: expect.stringContaining('ennead start --data'),
  })
})

test('a socket left behind by a killed process is replaced', async () => {
  const first = await serveControl(path, new Map([['who', async () => 1]]), silentLog)
  await using _second = await serveControl(path, new Map([['who', async () => 2]]), silentLog)
  expect(await askControl(path, folder, 'who', {})).toBe(2)
  await first[Symbol.asyncDispose]()
})
