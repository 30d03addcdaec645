import { randomUUID } from 'node:crypto'
import { WebSocket } from 'ws'
import type { HopSigner } from '../../../../kernel/hop-signer.ts'
import type { TlsConnection } from '../../../../kernel/tls/tls-client.ts'
import { apiPrincipal } from '../../channel-agent.ts'
import { socketPath } from '../../db-address.ts'

export interface LiveSocketOptions {
  readonly signer: HopSigner
  /** Asked for every connection: how TLS is spoken. */
  readonly connection: () => TlsConnection | undefined
  /** Between two pings; the socket is ended when one is unanswered at the next. Milliseconds. */
  readonly pingMs: number
  /** Time for the connection to be made. Milliseconds. */
  readonly connectMs: number
  /** Largest message taken. Bytes. */
  readonly messageBytesMax: number
}

/**
 * A WebSocket class for graphql-ws: every connection is signed anew, and one that has gone quiet is ended, so that
 * "nothing happens" is never mistaken for "nothing arrives any more".
 */
export function liveSocketClass(
  options: LiveSocketOptions,
): new (address: string | URL, protocols?: string | string[]) => WebSocket {
  const { signer, connection, pingMs, connectMs, messageBytesMax } = options
  return class LiveSocket extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      const hop = {
        requestId: randomUUID(),
        principal: apiPrincipal,
        remainingMs: connectMs,
        signal: new AbortController().signal,
      }
      const settings = {
        headers: signer.headers(hop, { audience: 'db', method: 'GET', path: socketPath }),
        handshakeTimeout: connectMs,
        maxPayload: messageBytesMax,
        perMessageDeflate: false,
      }
      super(address, protocols, { ...connection(), ...settings })
      let answered = true
      this.on('pong', () => {
        answered = true
      })
      const timer = setInterval(() => {
        if (this.readyState !== WebSocket.OPEN) return
        if (!answered) this.terminate()
        answered = false
        this.ping()
      }, pingMs)
      timer.unref()
      this.once('close', () => clearInterval(timer))
    }
  }
}
