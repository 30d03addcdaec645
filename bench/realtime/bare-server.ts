import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { systemClock } from '../../kernel/clock.ts'
import { Wheel } from '../../gateway/realtime/wheel.ts'

/** As the gateway's own. Milliseconds. */
const heartbeatMs = 30_000

/**
 * The least that any server on `ws` does: it acknowledges, sends every client that has subscribed the same bytes, and pings. No
 * GraphQL, no ids, no bounds, no cursors: what of a measurement is the system's and the library's, and not ours.
 */
export async function bareServer() {
  const readers = new Set<WebSocket>()
  const heartbeat = new Wheel<WebSocket>(systemClock, heartbeatMs, socket => socket.ping())
  const http = createServer()
  const server = new WebSocketServer({
    server: http,
    path: '/graphql',
    perMessageDeflate: false,
    clientTracking: false,
  })
  server.on('connection', socket => {
    heartbeat.add(socket)
    socket.on('message', data => {
      // A text message arrives as one Buffer.
      if ((data as Buffer).includes('connection_init')) socket.send('{"type":"connection_ack"}')
      else readers.add(socket)
    })
    socket.on('close', () => {
      readers.delete(socket)
      heartbeat.delete(socket)
    })
  })
  let seq = 0
  const publish = (text: string): void => {
    seq += 1
    const event = { cursor: `c${seq}`, seq, text, task: { title: `Task ${seq % 10}` } }
    const message = Buffer.from(
      JSON.stringify({ id: 'x'.repeat(36), type: 'next', payload: { data: { taskEvents: event } } }),
    )
    for (const socket of readers) socket.send(message, { binary: false })
  }
  await new Promise<void>(resolve => {
    http.listen(0, '127.0.0.1', resolve)
  })
  return {
    // A server that listens on TCP has an AddressInfo.
    port: (http.address() as AddressInfo).port,
    topic: {
      publish,
      get readers() {
        return readers.size
      },
      opened: 0,
    },
    fetches: () => 0,
  }
}
