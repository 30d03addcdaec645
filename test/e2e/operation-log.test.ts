import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { cannedSubgraph } from '../support/canned-subgraph.ts'
import { composeForTest } from '../support/federated.ts'
import { runEnnead, startEnnead, temporaryFolder } from './running-ennead.ts'

const before = 'type Query { a(word: String): Int b: Int }'

test('a gateway counts operations of both doors, and a check names the client that a removed field would hurt', async () => {
  await using subgraph = await cannedSubgraph({ a: 1, b: 2 })
  await using folder = await temporaryFolder()
  const file = (name: string): string => join(folder.path, name)
  const supergraph = composeForTest({ a: { sdl: before } }).replaceAll(
    'http://a.invalid/graphql',
    subgraph.url,
  )
  await writeFile(file('supergraph.graphql'), supergraph)
  const log = file('operations.jsonl')
  const patient = '--request-timeout-ms 30000 --event-loop-shed-ms 60000 --event-loop-essential-ms 80000'
  const flags = ['--supergraph', file('supergraph.graphql'), '--port', '0', '--operation-log', log]
  {
    await using gateway = await startEnnead([
      'gateway',
      ...flags,
      '--control',
      file('c'),
      ...patient.split(' '),
    ])
    const ask = async (query: string, headers: Readonly<Record<string, string>>): Promise<void> => {
      const body = JSON.stringify({ query })
      const all = { 'content-type': 'application/json', ...headers }
      const response = await fetch(gateway.url, { method: 'POST', headers: all, body })
      expect(await response.json()).toHaveProperty('data')
    }
    const shop = { 'apollographql-client-name': 'shop', 'apollographql-client-version': '2.1' }
    for (const word of ['one', 'two', 'three']) await ask(`query Shop { a(word: "my ${word}") }`, shop)
    await ask('query Other { b }', { 'graphql-client-name': 'other' })
    const connectionParams = { 'graphql-client-name': 'socket' }
    const client = createClient({
      url: gateway.url.replace('http', 'ws'),
      webSocketImpl: WebSocket,
      connectionParams,
    })
    for await (const answer of client.iterate({ query: 'query Live { a }' }))
      expect(answer).toHaveProperty('data')
    await client.dispose()
    expect(await gateway.stop()).toBe(0)
    expect(gateway.stderr()).toBe('')
  }
  expect(await readFile(log, 'utf8')).not.toContain('my ')

  await writeFile(file('a.graphql'), 'type Query { b: Int }')
  await writeFile(
    file('supergraph.yaml'),
    `federation_version: =2.12.0\nsubgraphs:\n  a: { routing_url: '${subgraph.url}', schema: { file: a.graphql } }\n`,
  )
  const config = ['--config', file('supergraph.yaml'), '--against', file('supergraph.graphql')]
  const checked = await runEnnead(['check', ...config, '--operations', log])
  expect(checked.code).toBe(1)
  expect(checked.stdout).toMatch(/Query\.a\b/)
  expect(checked.stdout).toMatch(/Shop/)
  expect(checked.stdout).toMatch(/shop/)
  expect(checked.stdout).toMatch(/socket/)
  expect(checked.stdout).not.toMatch(/other/i)
}, 120_000)

test('a gateway whose operation log cannot be written does not start, and says why', async () => {
  await using folder = await temporaryFolder()
  const supergraph = join(folder.path, 'supergraph.graphql')
  await writeFile(supergraph, composeForTest({ a: { sdl: before } }))
  const flags = ['--supergraph', supergraph, '--port', '0', '--control', join(folder.path, 'c')]
  const ended = await runEnnead(['gateway', ...flags, '--operation-log', join(folder.path, 'none/log')])
  expect(ended.code).not.toBe(0)
  expect(ended.stderr).toMatch(/BAD_OPTION.*none\/log cannot be written/)
})
