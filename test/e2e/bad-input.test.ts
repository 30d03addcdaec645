import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runEnnead, startEnnead, temporaryFolder, type EndedProcess } from './running-ennead.ts'
import { runWarm } from './warm-commands.ts'

const minutes = 60_000

function expectOneLine(ended: EndedProcess, code: number, pattern: RegExp): void {
  expect(ended.stderr).toMatch(pattern)
  expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1)
  expect(ended.stderr).not.toMatch(/\n\s+at /)
  expect(ended.code).toBe(code)
}

test('an unknown command, an unknown flag and a wrong value are refused with what is allowed', async () => {
  expectOneLine(await runEnnead(['strat']), 2, /unknown command "strat"; the commands are start,/)
  expectOneLine(await runEnnead(['start', '--prot', '1']), 2, /BAD_OPTION: unknown flag "--prot"/)
  expectOneLine(
    await runEnnead(['start', '--port', 'x']),
    2,
    /--port: "x" is not allowed; it must be an integer/,
  )
  const environment = { ENNEAD_REQUEST_TIMEOUT_MS: 'soon' }
  expectOneLine(await runEnnead(['start'], { environment }), 2, /ENNEAD_REQUEST_TIMEOUT_MS: "soon"/)
})

test('every command explains itself', async () => {
  for (const command of ['start', 'gateway', 'subgraph', 'compose', 'status', 'token', 'user']) {
    const ended = await runWarm([command, '--help'])
    expect(ended, command).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/ENNEAD_/)
  }
})

test('a port that is taken is named', { timeout: minutes }, async () => {
  await using folder = await temporaryFolder()
  const other = createServer()
  await new Promise<void>(resolve => other.listen(0, 'localhost', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const ended = await runEnnead(['start', '--port', String(port), '--data', folder.path])
  other.close()
  expectOneLine(ended, 4, new RegExp(`PORT_TAKEN: .*${port}`))
})

test('a data folder that cannot be used is named', async () => {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  expectOneLine(await runEnnead(['start', '--data', file]), 4, /DATA_FOLDER_UNREADABLE: .*file/)
})

test(
  'a second start on the same folder is refused and does not disturb the first',
  { timeout: minutes },
  async () => {
    await using folder = await temporaryFolder()
    await using running = await startEnnead(['start', '--port', '0', '--data', folder.path])
    const ended = await runEnnead(['start', '--port', '0', '--data', folder.path])
    expectOneLine(ended, 4, new RegExp(`DATA_FOLDER_IN_USE: process ${running.process.pid}`))
    expect((await fetch(new URL('/health/ready', running.url))).status).toBe(200)
  },
)

test('a corrupt data folder is refused, and nothing in it is changed', { timeout: 2 * minutes }, async () => {
  await using folder = await temporaryFolder()
  const first = await startEnnead(['start', '--port', '0', '--data', folder.path])
  await first.stop()
  await writeFile(join(folder.path, 'db', 'sql', 'data', 'PG_VERSION'), '9\n')
  const ended = await runEnnead(['start', '--port', '0', '--data', folder.path])
  expectOneLine(ended, 4, /DATA_FOLDER_CORRUPT: .*9/)
  expect(await readdir(join(folder.path, 'db', 'sql', 'data'))).toContain('PG_VERSION')
})

test('a gateway without its supergraph says so', async () => {
  await using folder = await temporaryFolder()
  const supergraph = join(folder.path, 'supergraph.graphql')
  const start = (): Promise<EndedProcess> => runEnnead(['gateway', '--supergraph', supergraph, '--port', '0'])
  expectOneLine(await runEnnead(['gateway', '--port', '0']), 2, /--supergraph/)
  expectOneLine(await start(), 1, /SUPERGRAPH_INVALID: .*supergraph\.graphql/)
  await writeFile(supergraph, '')
  expectOneLine(await start(), 1, /SUPERGRAPH_INVALID/)
  await writeFile(supergraph, 'type Query { a: Int }')
  expectOneLine(await start(), 1, /SUPERGRAPH_INVALID/)
})

test('a composition error names the subgraph and the place', async () => {
  await using folder = await temporaryFolder()
  await writeFile(join(folder.path, 'a.graphql'), 'type Query { a: Int }')
  await writeFile(join(folder.path, 'b.graphql'), 'type Query { a: String }')
  const subgraph = (name: string): string =>
    `  ${name}:\n    routing_url: http://localhost/${name}\n    schema:\n      file: ./${name}.graphql\n`
  await writeFile(
    join(folder.path, 'supergraph.yaml'),
    `federation_version: =2.9.0\nsubgraphs:\n${subgraph('a')}${subgraph('b')}`,
  )
  const ended = await runEnnead([
    'compose',
    '--config',
    join(folder.path, 'supergraph.yaml'),
    '--output',
    join(folder.path, 'out.graphql'),
  ])
  expect(ended.code).toBe(3)
  expect(ended.stderr).toMatch(/COMPOSITION_FAILED/)
  expect(ended.stderr).toMatch(/Query\.a/)
  expect(ended.stderr).not.toMatch(/\n\s+at /)
  expect(await readdir(folder.path)).not.toContain('out.graphql')
})

test('the committed supergraph is what its subgraphs compose to, byte for byte', async () => {
  expect(await runEnnead(['compose', '--check'])).toMatchObject({ code: 0, stderr: '' })
})

test('a stale supergraph is refused by compose --check', async () => {
  await using folder = await temporaryFolder()
  await mkdir(folder.path, { recursive: true })
  const output = join(folder.path, 'supergraph.graphql')
  await writeFile(output, 'old')
  expectOneLine(
    await runEnnead(['compose', '--check', '--output', output]),
    1,
    /SUPERGRAPH_STALE: .*ennead compose/,
  )
  await rm(output)
  expectOneLine(await runEnnead(['compose', '--check', '--output', output]), 1, /SUPERGRAPH_STALE/)
})
