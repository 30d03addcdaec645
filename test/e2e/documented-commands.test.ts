import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildSchema, graphql } from 'graphql'
import { expect, test } from 'vitest'
import { root } from '../tidy/source-files.ts'
import { startEnnead } from './running-ennead.ts'
import { shopRepository } from './shop-repository.ts'
import type { ShopRepository } from './shop-repository.ts'

/** For tests that start processes; with the whole suite on two cores each start takes seconds. Milliseconds. */
const patient = 240_000

/** What commands print that find nothing wrong. */
const passes = /^check passed: |written$|supergraph\.yaml composes$|"results": \[\]/m

/** The commands that a document shows, without their comments. */
async function commandsOf(document: string): Promise<readonly string[]> {
  const text = await readFile(join(root, document), 'utf8')
  return [...text.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = '']) =>
    block
      .split('\n')
      .map(line => line.replace(/ +# .*$/, ''))
      .filter(line => line !== ''),
  )
}

/** The shop as somebody who follows the documents has it: released, tagged, with an origin, `npx ennead` installed. */
async function releasedShop(): Promise<{
  readonly shop: ShopRepository
  readonly environment: NodeJS.ProcessEnv
}> {
  const shop = await shopRepository()
  await shop.git('checkout', '--quiet', '--', '.')
  const bin = join(shop.path, 'node_modules/.bin')
  await mkdir(bin, { recursive: true })
  const script = `#!/bin/sh\n[ "$1" = ennead ] && shift\nexec "${process.execPath}" "${root}/cli/main.ts" "$@"\n`
  await writeFile(join(bin, 'npx'), script, { mode: 0o755 })
  const environment = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` }
  await promisify(execFile)('npx', ['ennead', 'compose'], { cwd: shop.path, env: environment })
  await mkdir(join(shop.path, 'schema'), { recursive: true })
  await promisify(execFile)('cp', ['schema/supergraph.graphql', 'schema/released.graphql'], {
    cwd: shop.path,
  })
  const [accepted] = /^accepted:\n[^`]*/m.exec(await readFile(join(root, 'docs/check.md'), 'utf8')) ?? ['']
  await shop.write('accepted.yaml', accepted)
  const text = 'query Name($id: ID!) { product(id: $id) { name } }'
  await shop.write(
    'operations.jsonl',
    `${JSON.stringify({ entry: 'document', id: 'a', name: 'Name', text })}\n`,
  )
  await shop.write('manifest.json', JSON.stringify({ a: text }))
  await mkdir(join(shop.path, 'app/pages'), { recursive: true })
  await shop.write('app/pages/name.graphql', text)
  await shop.git('add', 'schema')
  await shop.git('commit', '--quiet', '--message=released')
  await shop.git('tag', 'v1.2')
  await shop.git('remote', 'add', 'origin', shop.path)
  return { shop, environment }
}

test(
  'every command that docs/check.md and docs/composition.md show does what they say',
  { timeout: patient },
  async () => {
    const commands = [...(await commandsOf('docs/check.md')), ...(await commandsOf('docs/composition.md'))]
    expect(commands.length).toBeGreaterThanOrEqual(14)
    const { shop: released, environment } = await releasedShop()
    await using shop = released
    const schema = buildSchema(
      'type Query { product(id: ID!): Product } type Product { id: ID! name: String }',
    )
    const server = createServer((request, response) => {
      void request.toArray().then(async parts => {
        const { query } = JSON.parse(Buffer.concat(parts).toString()) as { query: string }
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(await graphql({ schema, source: query })))
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    // A server that listens on TCP has an AddressInfo.
    const { port } = server.address() as AddressInfo
    try {
      for (const shown of commands) {
        // What nobody else may have: another's server, and a fixed port.
        const command = shown
          .replace('https://api.example.com/graphql', `http://127.0.0.1:${port}/graphql`)
          .replace('--port 4000', '--port 0')
        if (/ennead (?:gateway|dev|compose --watch)/.test(command)) {
          const argv = command.replace(/^npx ennead /, '').split(' ')
          const options = { cwd: shop.path, environment: { ENNEAD_PORT: '0' } }
          await using running = await startEnnead(argv, options, /^ready .*$|^.* written$/m)
          expect(running.ready).toMatch(/\/graphql|^schema\/supergraph\.graphql written$/)
          expect([shown, await running.stop()]).toEqual([shown, 0])
          continue
        }
        const { stdout } = await promisify(execFile)('bash', ['-c', command], {
          cwd: shop.path,
          env: environment,
        })
        const file = / --output (\S+)/.exec(command)?.[1]
        const told = file === undefined ? stdout : await readFile(join(shop.path, file), 'utf8')
        expect([shown, told]).toEqual([shown, expect.stringMatching(passes)])
      }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  },
)
