import { type IncomingMessage, STATUS_CODES, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Server as SocketServer, handleProtocols, makeServer } from 'graphql-ws'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { EnneadError, errorDefinitions } from '../../kernel/errors.ts'
import type { Hop } from '../../kernel/hop.ts'
import { digestOf, requireBody } from '../../kernel/hop-signer.ts'
import type { Log } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import { openHop, requireUnexpired } from './request-hop.ts'
import { sightStranger } from './sight-refusals.ts'
import { requireCaller } from './tls-door.ts'
import type { ServiceTls } from './tls-door.ts'
import { type SocketCallOptions, type SocketCaller, callServer } from './socket-call.ts'

export interface SocketDoorOptions extends SocketCallOptions {
  readonly log: Log
  /** Largest message taken. Bytes. */
  readonly messageBytesMax: number
  /** Between two pings; a socket that leaves one unanswered until the next is ended. Milliseconds. */
  readonly pingMs: number
  /** Default: none. */
  readonly tls?: ServiceTls | undefined
  /** Is told of strangers. Default: nobody is. */
  readonly sight?: Sight | undefined
}

export interface SocketDoor {
  /** Says 1001 to every socket, and ends those that are still there after `drainMs`. */
  close(drainMs: number): Promise<void>
}

/**
 * Serves graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) on /graphql of
 * `server`. The upgrade request carries the hop's headers; operations of the socket run for its principal.
 */
export function socketDoor(server: Server, options: SocketDoorOptions): SocketDoor {
  const protocol = makeServer(callServer(options))
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: options.messageBytesMax,
    handleProtocols: protocols => handleProtocols(protocols),
  })
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', error => options.log.debug('subgraph.socket.error', { error }))
    if (request.url?.split('?')[0] !== '/graphql') {
      turnAway(stream, new EnneadError('NOT_FOUND', 'there is nothing at this path for a WebSocket'))
      return
    }
    const hop = callerOf(request, options)
    if (hop instanceof EnneadError) turnAway(stream, hop)
    else sockets.handleUpgrade(request, stream, head, socket => serve(socket, hop, protocol, options))
  })
  return {
    close: drainMs =>
      new Promise(resolve => {
        const force = setTimeout(() => {
          for (const socket of sockets.clients) socket.terminate()
        }, drainMs)
        sockets.close(() => {
          clearTimeout(force)
          resolve()
        })
        for (const socket of sockets.clients) socket.close(1001, 'going away')
      }),
  }
}

function callerOf(
  request: IncomingMessage,
  { signer, audience, tls, sight }: Pick<SocketDoorOptions, 'signer' | 'audience' | 'tls' | 'sight'>,
): Hop | EnneadError {
  let known = false
  try {
    requireCaller(request.socket, tls, Date.now())
    const target = { audience, method: 'GET', path: request.url ?? '' }
    const { hop, bodyDigest } = openHop(request.headers, target, { signer, remainingMsMax: Infinity })
    requireBody({ bodyDigest }, digestOf())
    known = true
    requireUnexpired(hop, Date.now())
    return hop
  } catch (failure) {
    if (!known) sightStranger(sight, failure, { subgraph: audience, address: request.socket.remoteAddress })
    if (failure instanceof EnneadError) return failure
    throw failure
  }
}

/** As the HTTP door would say it. */
function turnAway(stream: Duplex, { code, message }: EnneadError): void {
  const { http } = errorDefinitions[code]
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] })
  const head = [
    `HTTP/1.1 ${http} ${STATUS_CODES[http]}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  stream.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function serve(
  socket: WebSocket,
  hop: Hop,
  protocol: SocketServer<SocketCaller>,
  options: SocketDoorOptions,
): void {
  const { log, pingMs } = options
  const left = new AbortController()
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      // Waiting for each write is what keeps a slow reader from filling our memory.
      send: data =>
        new Promise((sent, failed) => {
          if (socket.readyState !== socket.OPEN) sent()
          else socket.send(data, error => (error ? failed(error) : sent()))
        }),
      close: (code, reason) => socket.close(code, reason),
      onMessage: handle =>
        socket.on('message', (data: RawData) => {
          handle(textOf(data)).catch((failure: unknown) => {
            log.debug('subgraph.socket.failed', { error: failure })
            socket.close(1011, 'internal error')
          })
        }),
    },
    { hop: { ...hop, signal: left.signal } },
  )
  const stopPings = keepAlive(socket, pingMs)
  socket.on('error', error => log.debug('subgraph.socket.error', { error }))
  socket.once('close', (code, reason) => {
    stopPings()
    left.abort(new EnneadError('CANCELLED', 'the caller left'))
    void closed(code, reason.toString())
  })
}

function keepAlive(socket: WebSocket, pingMs: number): () => void {
  let answered = true
  socket.on('pong', () => {
    answered = true
  })
  const timer = setInterval(() => {
    if (!answered) socket.terminate()
    answered = false
    socket.ping()
  }, pingMs)
  timer.unref()
  return () => clearInterval(timer)
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString()
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString()
}
