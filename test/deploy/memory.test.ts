import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { young } from '../../cli/memory.ts'

const root = join(import.meta.dirname, '..', '..')
const flag = '--max-semi-space-size=32'

test('this Node knows the flags that Ennead sets: they are no API, and V8 goes on without one it does not know', () => {
  const known = spawnSync(process.execPath, [flag, young, '--eval', '0'], { encoding: 'utf8' })
  expect(known).toMatchObject({ status: 0, stderr: '' })
  const unknown = spawnSync(process.execPath, [`${young}-at-all`, '--eval', '0'], { encoding: 'utf8' })
  expect(unknown.stderr).not.toBe('')
})

test.each(['package.json', 'bin/ennead.js', 'Dockerfile', 'bench/gateway/gateways.ts'])(
  '%s starts Ennead with the same young generation as the others',
  file => {
    const found = readFileSync(join(root, file), 'utf8').match(/--max-semi-space-size=\d+/g) ?? []
    expect(new Set(found)).toEqual(new Set([flag]))
  },
)
