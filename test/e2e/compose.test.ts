import { spawn } from 'node:child_process'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'
import { runWarm } from './warm-commands.ts'
import { cannedSubgraph } from '../support/canned-subgraph.ts'
import { wellFormed } from '../support/well-formed.ts'
import { root } from '../tidy/source-files.ts'

/** For tests that start processes; with the whole suite on two cores each start takes seconds. Milliseconds. */
const patient = 240_000

/** A command that stays and has no `ready` line. */
function startComposing(
  argv: readonly string[],
  cwd: string,
): AsyncDisposable & { readonly stderr: () => string; stop(): Promise<number | null> } {
  const child = spawn(process.execPath, [join(root, 'cli/main.ts'), ...argv], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', part => (stderr += String(part)))
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM')
    return ended
  }
  return {
    stderr: () => stderr,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}

const yaml = (url: string): string =>
  `subgraphs:\n  a:\n    routing_url: ${url}\n    schema: { file: a.graphql }\n`

async function shop(schema: string, url = 'http://a.example'): ReturnType<typeof temporaryFolder> {
  const folder = await temporaryFolder()
  await writeFile(join(folder.path, 'supergraph.yaml'), yaml(url))
  await writeFile(join(folder.path, 'a.graphql'), schema)
  return folder
}

test('the supergraph is written, into a new folder if need be, or printed', async () => {
  await using folder = await shop('type Query { a: Int }')
  const cwd = folder.path
  const written = await runEnnead(['compose', '--output', 'new/supergraph.graphql'], { cwd })
  expect(written).toEqual({ code: 0, stdout: 'new/supergraph.graphql written\n', stderr: '' })
  const sdl = await readFile(join(cwd, 'new/supergraph.graphql'), 'utf8')
  expect(await runEnnead(['compose', '--output', '-'], { cwd })).toEqual({ code: 0, stdout: sdl, stderr: '' })
})

test.each([
  [
    'a schema that does not compose',
    {},
    'type Query { a: Nope }',
    3,
    /a\.graphql:1:17 \(a\)\n.*\n +\| +\^\^\^\^\n(.|\n)*COMPOSITION_FAILED: .*: 1 error\n$/,
  ],
  ['a configuration that is wrong', { 'supergraph.yaml': 'subgraphs: 1' }, '', 2, /CONFIG_INVALID/],
  [
    'a schema that is missing',
    { 'supergraph.yaml': yaml('http://a').replace('a.graphql', 'b.graphql') },
    '',
    4,
    /b\.graphql does not exist/,
  ],
])('%s ends with its exit code, a frame, and no file', async (_name, files, schema, code, stderr) => {
  await using folder = await shop(schema)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text)
  const ended = await runEnnead(['compose', '--output', 'out.graphql'], { cwd: folder.path })
  expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(stderr) })
  expect(await readdir(folder.path)).not.toContain('out.graphql')
})

test('what cannot be written is a matter of the environment, and no half file stays', async () => {
  await using folder = await shop('type Query { a: Int }')
  await mkdir(join(folder.path, 'taken'))
  const ended = await runEnnead(['compose', '--output', 'taken'], { cwd: folder.path })
  expect(ended).toMatchObject({ code: 4, stderr: expect.stringMatching(/OUTPUT_UNWRITABLE: taken/) })
  expect(await readdir(folder.path)).toEqual(['a.graphql', 'supergraph.yaml', 'taken'])
})

test('--watch refuses what it cannot do', async () => {
  const ended = await runEnnead(['compose', '--watch', '--check'])
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/cannot go with --check/) })
})

test(
  '--watch writes the next supergraph, keeps the last good one meanwhile, and ends when it is asked to',
  async () => {
    await using folder = await shop('type Query { one: Int }')
    const output = join(folder.path, 'out.graphql')
    const read = (): Promise<string> => readFile(output, 'utf8').catch(() => '')
    await using watching = startComposing(['compose', '--watch', '--output', 'out.graphql'], folder.path)
    await expect.poll(read, { timeout: 60_000 }).toContain('one: Int')
    await writeFile(join(folder.path, 'a.graphql'), 'type Query { two: Nope }')
    await expect.poll(watching.stderr, { timeout: 60_000 }).toContain('Unknown type Nope')
    expect(await read()).toContain('one: Int')
    await writeFile(join(folder.path, 'a.graphql'), 'type Query { three: Int }')
    await expect.poll(read, { timeout: 60_000 }).toContain('three: Int')
    expect(await watching.stop()).toBe(0)
  },
  patient,
)

test(
  'hints are warnings by default, all or none on request, and colours only where they are wanted',
  async () => {
    const link =
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@shareable"])\n'
    await using folder = await shop(`${link}type Query { a(x: Int): Int @shareable }\nenum Unused { A }`)
    await writeFile(join(folder.path, 'b.graphql'), `${link}type Query { a: Int @shareable }`)
    await writeFile(
      join(folder.path, 'supergraph.yaml'),
      `${yaml('http://a')}  b:\n    routing_url: http://b\n    schema: { file: b.graphql }\n`,
    )
    const told = async (...flags: readonly string[]): Promise<string> =>
      (await runWarm(['compose', '--output', '-', ...flags], { cwd: folder.path })).stderr
    expect(await told()).toMatch(/^warning INCONSISTENT_ARGUMENT_PRESENCE(.|\n)*1 notice not shown/)
    expect(await told('--hints', 'notice')).toMatch(/notice UNUSED_ENUM_TYPE/)
    expect(await told('--hints', 'none')).not.toMatch(/INCONSISTENT|UNUSED/)
    expect(await told()).not.toContain('\u001b')
    const coloured = await runWarm(['compose', '--output', '-'], {
      cwd: folder.path,
      environment: { FORCE_COLOR: '1', NO_COLOR: '' },
    })
    expect(coloured.stderr).toContain('\u001b[')
  },
  patient,
)

test(
  'dev serves, shows what is wrong, keeps the last good graph, and takes the next one',
  async () => {
    await using subgraph = await cannedSubgraph({ a: 1, b: 2 })
    await using folder = await shop('type Query { a: Int }', subgraph.url)
    const schema = join(folder.path, 'a.graphql')
    await using dev = await startEnnead(['dev', '--port', '0', '--override-labels', 'beta'], {
      cwd: folder.path,
    })
    const ask = async (query: string): Promise<unknown> => {
      const response = await fetch(dev.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      })
      return response.json()
    }
    const problems = async (): Promise<unknown> => {
      const answer: unknown = await (await fetch(`${dev.url}/problems`)).json()
      return Reflect.get(Object(answer), 'problems')
    }
    expect(await ask('{ a }')).toEqual({ data: { a: 1 } })
    expect(await problems()).toBeNull()
    await writeFile(schema, 'type Query { a: Int b: Nope }')
    await expect.poll(problems, { timeout: 60_000 }).toMatch(/a\.graphql:1:24 \(a\)/)
    expect(dev.stderr()).toMatch(/Unknown type Nope/)
    expect(await ask('{ a }')).toEqual({ data: { a: 1 } })
    await writeFile(schema, 'type Query { a: Int b: Int }')
    await expect.poll(problems, { timeout: 60_000 }).toBeNull()
    await expect.poll(() => ask('{ b }'), { timeout: 60_000 }).toEqual({ data: { b: 2 } })
    await using fresh = await cannedSubgraph({ b: 3 })
    await writeFile(
      join(folder.path, 'b.graphql'),
      `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@override"])
      type Query { b: Int @override(from: "a", label: "beta") }`,
    )
    const second = `  b:\n    routing_url: ${fresh.url}\n    schema:\n      file: b.graphql\n`
    await writeFile(join(folder.path, 'supergraph.yaml'), `${yaml(subgraph.url).trimEnd()}\n${second}`)
    await expect.poll(() => ask('{ b }'), { timeout: 60_000 }).toEqual({ data: { b: 3 } })
    expect(await dev.stop()).toBe(0)
  },
  patient,
)

test(
  'dev waits for a graph that does not compose yet, and refuses a configuration that is not there',
  async () => {
    await using subgraph = await cannedSubgraph({ a: 1 })
    await using folder = await shop('type Query { a: Nope }', subgraph.url)
    await using dev = await startEnnead(['dev', '--port', '0'], { cwd: folder.path })
    expect(dev.stderr()).toMatch(/Unknown type Nope/)
    const ask = async (): Promise<number> =>
      (
        await fetch(`${dev.url}?query=${encodeURIComponent('{ a }')}`, {
          headers: { accept: 'application/json' },
        })
      ).status
    expect(await ask()).toBe(503)
    await writeFile(join(folder.path, 'a.graphql'), 'type Query { a: Int }')
    await expect.poll(ask, { timeout: 60_000 }).toBe(200)
    const ended = await runEnnead(['dev', '--config', 'nowhere.yaml', '--port', '0'], { cwd: folder.path })
    expect(ended).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/SCHEMA_UNREADABLE: there is no nowhere/),
    })
  },
  patient,
)

test(
  'every format tells the line that does not compose, and one that does',
  async () => {
    await using folder = await shop('type Query { a: Nope }')
    const compose = (...argv: readonly string[]): ReturnType<typeof runWarm> =>
      runWarm(['compose', ...argv], { cwd: folder.path })
    const told = new Map<string, string>()
    for (const format of ['json', 'github', 'sarif', 'junit', 'markdown']) {
      const { code, stdout, stderr } = await compose('--format', format)
      expect([format, code, stderr]).toEqual([format, 3, ''])
      told.set(format, stdout)
    }
    const at = { file: './a.graphql', line: 1, column: 17 }
    expect(JSON.parse(told.get('json') ?? '')).toMatchObject({
      version: 1,
      outcome: 'failed',
      diagnostics: [
        { severity: 'error', locations: [{ ...at, file: expect.stringMatching(/a\.graphql$/) as string }] },
      ],
    })
    expect(told.get('github')).toMatch(/^::error file=a\.graphql,line=1,col=17,/)
    expect(JSON.parse(told.get('sarif') ?? '')).toMatchObject({
      runs: [{ tool: { driver: { name: 'ennead compose' } }, results: [{ level: 'error' }] }],
    })
    expect(wellFormed(told.get('junit') ?? '')).toBe('testsuites testsuite testcase failure')
    expect(told.get('markdown')).toMatch(/^## ❌ (.|\n)*a\.graphql:1:17/)
    for (const other of [['--watch'], ['--output', '-']])
      expect((await compose('--format', 'json', ...other)).code).toBe(2)
    await writeFile(join(folder.path, 'a.graphql'), 'type Query { a: Int }')
    const { code, stdout } = await compose('--format', 'json')
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      { version: 1, outcome: 'passed', summary: 'supergraph.yaml composes', diagnostics: [] },
    ])
    await writeFile(join(folder.path, 'a.graphql'), 'type Query { b: Int }')
    const stale = await compose('--check', '--format', 'github')
    expect(stale).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(
        /^::error file=schema\/supergraph\.graphql,line=1,col=1,title=SUPERGRAPH_STALE::/,
      ) as string,
      stderr: expect.stringContaining('SUPERGRAPH_STALE') as string,
    })
  },
  patient,
)
