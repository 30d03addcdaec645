import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { runEnnead } from '../e2e/running-ennead.ts'
import { root } from '../tidy/source-files.ts'

interface Action {
  readonly inputs: Readonly<Record<string, { readonly required?: boolean; readonly default?: string }>>
  readonly runs: {
    readonly steps: readonly { readonly run?: string; readonly env?: Readonly<Record<string, string>> }[]
  }
}

/** The action, and its step that checks. */
async function read(): Promise<{ readonly action: Action; readonly step: Action['runs']['steps'][number] }> {
  // The assertions below are about its form.
  const action = parse(await readFile(join(root, 'action.yml'), 'utf8')) as Action
  const step = action.runs.steps.find(({ run }) => run?.includes('check'))
  if (step === undefined) throw new Error('action.yml has no step that checks')
  return { action, step }
}

test('the GitHub action hands each of its inputs to a setting that ennead check has', async () => {
  const { action, step } = await read()
  const help = await runEnnead(['check', '--help'])
  for (const [name, value] of Object.entries(step.env ?? {})) {
    expect(help.stdout).toMatch(new RegExp(`; ${name}$`, 'm'))
    const input = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(value)?.[1] ?? ''
    expect(Object.keys(action.inputs)).toContain(input)
  }
  expect(Object.keys(step.env ?? {})).toHaveLength(Object.keys(action.inputs).length)
})

test('the step of the GitHub action passes on our own schemas, and fails on a baseline that they break', async () => {
  const { action, step } = await read()
  const run = async (against: string): Promise<{ code: number; stdout: string }> => {
    const given = Object.entries(step.env ?? {}).map(([name, value]) => {
      const input = value.replace(/^\$\{\{ inputs\.|\s*\}\}$/g, '')
      return [name, input === 'against' ? against : (action.inputs[input]?.default ?? '')]
    })
    const env = { ...process.env, GITHUB_ACTION_PATH: root, ...Object.fromEntries(given) }
    return promisify(execFile)('bash', ['-c', step.run ?? 'false'], { cwd: root, env }).then(
      ({ stdout }) => ({ code: 0, stdout }),
      // What execFile rejects with has the exit code and the output.
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    )
  }
  expect(await run('schema/released.graphql')).toMatchObject({ code: 0 })
  const gone = await run('test/deploy/older.graphql')
  expect(gone.code).toBe(1)
  expect(gone.stdout).toMatch(/^::error .*Query\.gone/m)
}, 60_000)
