import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../e2e/running-ennead.ts'
import { root } from '../tidy/source-files.ts'

test('an experiment that is interrupted leaves no Ennead and no data behind', async () => {
  await using folder = await temporaryFolder()
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), 'reliability', '--short'], {
    env: { ...process.env, TMPDIR: folder.path },
    stdio: 'ignore',
  })
  const ended = once(child, 'close')
  const found = async (): Promise<readonly string[]> => readdir(folder.path, { recursive: true })
  await expect.poll(found, { timeout: 60_000 }).toContainEqual(expect.stringMatching(/postmaster\.pid$/))
  child.kill('SIGTERM')
  expect(await ended).toEqual([143, null])
  const left = await readdir(folder.path)
  expect(left.filter(name => name.startsWith('ennead-lab-'))).toEqual([])
}, 120_000)
