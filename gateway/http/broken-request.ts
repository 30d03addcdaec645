import type { Duplex } from 'node:stream'
import type { Log } from '../../kernel/log.ts'
import { endRaw } from '../admission/raw-refusal.ts'

interface Refusal {
  readonly status: number
  readonly message: string
}

/** Answers what Node could not parse as a request, in our own shape, and closes the connection. */
export function answerBrokenRequest(log: Log): (failure: NodeJS.ErrnoException, socket: Duplex) => void {
  return (failure, socket) => {
    if (failure.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const { status, message } = refusalOf(failure.code)
    log.debug('http.broken-request', { status, reason: failure.code })
    endRaw(socket, status, message)
  }
}

function refusalOf(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, message: 'the request head is too large' }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { status: 408, message: 'the request did not arrive in time' }
  }
  return { status: 400, message: 'this is not a valid HTTP/1.1 request' }
}
