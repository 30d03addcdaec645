import { chmod, lstat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { EnneadError } from '../../kernel/errors.ts'
import type { ListenAddress } from './subgraph-service.ts'

/**
 * Lets `server` listen and answers the address in use. A unix socket is its owner's only (0600); one left behind by a
 * process that died is replaced. Throws PORT_TAKEN when somebody listens there.
 */
export async function listenAt(server: FastifyInstance, address: ListenAddress): Promise<ListenAddress> {
  try {
    if (address.kind === 'unix') {
      await removeStaleSocket(address.path)
      await server.listen({ path: address.path })
      await chmod(address.path, 0o600)
      return address
    }
    await server.listen({ host: address.host, port: address.port })
  } catch (failure) {
    throw isCode(failure, 'EADDRINUSE') ? taken(address, failure) : failure
  }
  const bound = server.server.address()
  return { ...address, port: typeof bound === 'object' && bound !== null ? bound.port : address.port }
}

async function removeStaleSocket(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isSocket()) return
    if (await somebodyListens(path)) throw taken({ kind: 'unix', path }, undefined)
    await unlink(path)
  } catch (failure) {
    if (!isCode(failure, 'ENOENT')) throw failure
  }
}

function somebodyListens(path: string): Promise<boolean> {
  return new Promise(answer => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      answer(true)
    })
    // Refused: the file is there, its process is not. Anything else is found out by listening.
    socket.once('error', () => answer(false))
  })
}

function taken(address: ListenAddress, cause: unknown): EnneadError {
  const where = address.kind === 'unix' ? address.path : `${address.host}:${address.port}`
  return new EnneadError(
    'PORT_TAKEN',
    `${where} is in use by another process; stop it or choose another address`,
    {
      cause,
    },
  )
}

function isCode(failure: unknown, code: string): boolean {
  return failure instanceof Error && 'code' in failure && failure.code === code
}
