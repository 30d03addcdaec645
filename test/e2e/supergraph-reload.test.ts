import { rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSupergraph } from '../../gateway/supergraph/supergraph.ts'
import { cannedSubgraph } from '../support/canned-subgraph.ts'
import { composeForTest } from '../support/federated.ts'
import { steadyLoad } from '../support/steady-load.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

interface Ready {
  readonly ready: boolean
  readonly gateway: {
    readonly supergraph: {
      readonly hash: string
      readonly refused?: { readonly reason: string; readonly since: string; readonly ageMs: number }
    }
  }
}

async function health(url: string): Promise<Ready> {
  const response = await fetch(new URL('/health/ready', url))
  // What the gateway under test says of itself; a test that relies on more of it fails.
  return (await response.json()) as Ready
}

const reason = async (url: string): Promise<string> =>
  (await health(url)).gateway.supergraph.refused?.reason ?? ''

const sdlOf = (url: string, fields: string): string =>
  composeForTest({ a: { sdl: `type Query { ${fields} }` } }).replaceAll('http://a.invalid/graphql', url)

test('a real gateway under load survives every kind of bad file, and rolls back by signal and by command', async () => {
  await using subgraph = await cannedSubgraph({ a: 1 })
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'supergraph.graphql')
  const control = join(folder.path, 'control.sock')
  const [first, second] = [sdlOf(subgraph.url, 'a: Int'), sdlOf(subgraph.url, 'a: Int b: Int')]
  const [firstHash, secondHash] = [loadSupergraph(first).hash, loadSupergraph(second).hash]
  await writeFile(path, first)
  // Two busy cores with a whole test suite on them must not look like an overload or a slow subgraph.
  const patient = '--request-timeout-ms 30000 --event-loop-shed-ms 60000 --event-loop-essential-ms 80000'
  const flags = ['--supergraph', path, '--port', '0', '--control', control, ...patient.split(' ')]
  await using gateway = await startEnnead(['gateway', ...flags])
  const { url } = gateway
  const load = steadyLoad(url, '{ a }', '200 {"data":{"a":1}}')
  const bads: readonly (readonly [string, RegExp])[] = [
    ['', /it is empty/],
    [second.slice(0, second.length / 2), /it is not GraphQL at line/],
    ['type Query { a: Int }', /not a composed supergraph/],
    [second.replace('b: Int', 'b: Nothing'), /Nothing/],
  ]
  for (const [text, why] of bads) {
    // Written in place: a reader can see any part of it.
    await writeFile(path, text)
    await expect.poll(() => reason(url), { timeout: 20_000 }).toMatch(why)
    expect(await health(url)).toMatchObject({ ready: true, gateway: { supergraph: { hash: firstHash } } })
  }
  await rm(path)
  await expect.poll(() => reason(url), { timeout: 20_000 }).toMatch(/cannot be read \(ENOENT\)/)
  expect((await health(url)).gateway.supergraph.refused).toMatchObject({ ageMs: expect.any(Number) })

  await writeFile(path, first)
  await expect.poll(() => reason(url), { timeout: 20_000 }).toBe('')
  await writeFile(`${path}.new`, second)
  await rename(`${path}.new`, path)
  const hash = async (): Promise<string> => (await health(url)).gateway.supergraph.hash
  await expect.poll(hash, { timeout: 20_000 }).toBe(secondHash)

  gateway.process.kill('SIGUSR2')
  await expect.poll(hash, { timeout: 20_000 }).toBe(firstHash)
  expect(await reason(url)).toMatch(/was rolled back/)
  const reloaded = await runEnnead(['supergraph', 'reload', '--control', control])
  expect(reloaded).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(reloaded.stdout)).toMatchObject({ hash: secondHash, earlier: [firstHash] })
  const back = await runEnnead(['supergraph', 'rollback', '--control', control])
  expect(JSON.parse(back.stdout)).toMatchObject({ hash: firstHash })
  const nothing = await runEnnead(['supergraph', 'rollback', '--control', control])
  expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('NOT_FOUND') })
  expect((await stat(control)).mode & 0o777).toBe(0o600)

  expect(await load.stop()).toEqual([])
  expect(load.count).toBeGreaterThan(100)
}, 120_000)

test('a gateway composes a supergraph.yaml, follows its schemas, and keeps the last one that composed', async () => {
  await using subgraph = await cannedSubgraph({ a: 1, b: 2 })
  await using folder = await temporaryFolder()
  const config = join(folder.path, 'supergraph.yaml')
  const schema = join(folder.path, 'a.graphql')
  await writeFile(schema, 'type Query { a: Int }')
  await writeFile(
    config,
    `subgraphs:\n  a:\n    routing_url: ${subgraph.url}\n    schema: { file: ./a.graphql }\n`,
  )
  await using gateway = await startEnnead([
    'gateway',
    '--supergraph',
    config,
    '--port',
    '0',
    '--request-timeout-ms',
    '30000',
  ])
  const load = steadyLoad(gateway.url, '{ a }', '200 {"data":{"a":1}}', 2)
  await writeFile(schema, 'type Query { a: Int b: Nothing }')
  await expect.poll(() => reason(gateway.url), { timeout: 20_000 }).toMatch(/do not compose: .*a\.graphql/)
  await writeFile(schema, 'type Query { a: Int b: Int }')
  await expect.poll(() => reason(gateway.url), { timeout: 20_000 }).toBe('')
  expect(await load.stop()).toEqual([])
  const one = steadyLoad(gateway.url, '{ b }', '200 {"data":{"b":2}}', 1)
  await expect.poll(() => one.count).toBeGreaterThan(2)
  expect(await one.stop()).toEqual([])
}, 60_000)

test.each([
  [['--supergraph', '/nowhere/supergraph.graphql'], 'SUPERGRAPH_INVALID'],
  [['--supergraph', '/nowhere/supergraph.yaml'], 'COMPOSITION_FAILED'],
  [[], 'BAD_OPTION'],
  [['--supergraph', 'http://127.0.0.1:9/', '--supergraph-header', 'nonsense'], 'BAD_OPTION'],
])('ennead gateway %j ends with %s in one line', async (flags, code) => {
  const ended = await runEnnead(['gateway', '--port', '0', ...flags])
  expect(ended.code).toBeGreaterThan(0)
  expect(ended.stderr).toMatch(new RegExp(`^ennead: ${code}: [^\\n]+\\n$`))
})
