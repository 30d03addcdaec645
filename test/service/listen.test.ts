import { stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../kernel/log.ts'
import { createSubgraphService } from '../../subgraphs/service/create-subgraph-service.ts'
import { ready, temporaryFolder } from './fixture.ts'
import { notes } from './notes.ts'

test('a unix socket is its owner only, and gone after closing', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'notes.sock')
  const { service } = notes()
  expect(await service.listen({ kind: 'unix', path })).toEqual({ kind: 'unix', path })
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  await service.close()
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a socket file that a dead process left behind is replaced', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'notes.sock')
  // What a killed process leaves: the file of a server that never closed.
  const { spawnSync } = await import('node:child_process')
  spawnSync(process.execPath, [
    '-e',
    `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`,
  ])
  expect((await stat(path)).isSocket()).toBe(true)
  const { service } = notes()
  await service.listen({ kind: 'unix', path })
  await service.close()
})

test('an address in use is PORT_TAKEN, and a file that is no socket is left alone', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'notes.sock')
  const [first, second] = [notes().service, notes().service]
  await first.listen({ kind: 'unix', path })
  await expect(second.listen({ kind: 'unix', path })).rejects.toMatchObject({
    code: 'PORT_TAKEN',
    message: `${path} is in use by another process; stop it or choose another address`,
  })
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  const at = other.address()
  const port = typeof at === 'object' && at !== null ? at.port : 0
  await expect(second.listen({ kind: 'tcp', host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'PORT_TAKEN',
  })
  other.close()
  const file = join(folder.path, 'precious')
  await writeFile(file, 'precious')
  await expect(second.listen({ kind: 'unix', path: file })).rejects.toMatchObject({ code: 'PORT_TAKEN' })
  expect((await stat(file)).size).toBe(8)
  await first.close()
  await second.close()
})

test('a service that was refused an address may listen elsewhere, once', async () => {
  const { service } = notes()
  await service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  await expect(service.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })).rejects.toThrow('listens already')
  await service.close()
})

test('without a signer, with a limit that is none, or with a wrong SDL there is no service', async () => {
  const options = {
    name: 'plain',
    typeDefs: 'type Query { hello: String }',
    resolvers: { Query: { hello: () => 'hello' } },
    context: () => ({}),
    health: () => ready,
    signer: undefined,
    log: silentLog,
  }
  const plain = createSubgraphService(options)
  await expect(plain.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })).rejects.toThrow(
    'needs a hop signer',
  )
  await plain.close()
  expect(() => createSubgraphService({ ...options, limits: { pingMs: 0 } })).toThrow(
    'limits.pingMs must be an integer >= 1, got 0',
  )
  const typeDefs = `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@requiresScopes"])
    type Query { hello: String @requiresScopes(scopes: []) }
  `
  expect(() => createSubgraphService({ ...options, typeDefs })).toThrow('@requiresScopes needs scopes')
})
