import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Writes a whole HTTP answer to a bare socket and closes it. */
export function endRaw(socket: Duplex, status: number, message: string, code = 'BAD_REQUEST'): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code } }] })
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n` +
      'content-type: application/json; charset=utf-8\r\n' +
      `content-length: ${Buffer.byteLength(body)}\r\n` +
      (status === 503 ? 'retry-after: 1\r\n' : '') +
      `connection: close\r\n\r\n${body}`,
    // Half-open connections of clients that never close would stay for ever.
    () => socket.destroy(),
  )
}
