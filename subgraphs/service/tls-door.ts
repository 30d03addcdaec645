import { constants } from 'node:crypto'
import { createServer as createPlainServer } from 'node:http'
import type { RequestListener, Server, ServerOptions, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { EnneadError, errorDefinitions } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { FollowedTls } from '../../kernel/tls/followed-tls.ts'
import { holderOf } from '../../kernel/tls/tls-material.ts'
import type { TlsMaterial } from '../../kernel/tls/tls-material.ts'

/** TLS of a subgraph's door: both sides show a certificate. */
export interface ServiceTls {
  readonly tls: FollowedTls
  /** Holders of certificates that may ask, e.g. `gateway`. Everybody of the same authority may ask for the health. */
  readonly callers: readonly string[]
}

/**
 * The server behind a subgraph's door. With `service` it speaks TLS 1.3 with those only who show a certificate of the
 * authority, takes other certificates into use as they change, and logs and tells whom it turns away. Throws BAD_OPTION.
 */
export function doorServer(
  handler: RequestListener,
  options: ServerOptions,
  service: ServiceTls | undefined,
  log: Log,
): Server {
  if (service === undefined) return createPlainServer(options, handler)
  const { tls } = service
  const settings = { ...options, ...handshake, ...contextOf(tls.current) }
  const server = createServer(settings, (request, response) => {
    const distrust = distrustOf(request.socket)
    if (distrust === undefined) handler(request, response)
    else turnAway(response, distrust)
  })
  const stop = tls.onChange(material => server.setSecureContext({ ...context, ...contextOf(material) }))
  server.once('close', stop)
  const refused = (reason: string, address: string | undefined): void =>
    log.warn('subgraph.tls.refused', { reason, address })
  server.on('secureConnection', socket => {
    const distrust = distrustOf(socket)
    if (distrust !== undefined) refused(distrust, socket.remoteAddress)
  })
  server.on('tlsClientError', (failure: Error & { readonly code?: unknown }, socket: TLSSocket) =>
    refused(handshakeFailure(failure), socket.remoteAddress),
  )
  return server
}

/**
 * Throws CALLER_UNTRUSTED unless the certificate of this connection is one of a caller, and still valid: a connection is
 * worth no more than its certificate.
 */
export function requireCaller(socket: Socket, service: ServiceTls | undefined, wallMs: number): void {
  if (service === undefined) return
  const distrust = distrustOf(socket)
  if (distrust !== undefined) throw untrusted(distrust)
  const peer = peerOf(socket)
  if (peer?.holder === undefined || !service.callers.includes(peer.holder)) {
    const shown = peer?.holder === undefined ? 'it names nobody' : `it is of "${peer.holder}"`
    throw untrusted(`${shown}, and ${service.callers.join(', ')} may ask here`)
  }
  if (peer.validTo <= wallMs) throw untrusted('it has expired since the connection was made')
}

interface Peer {
  readonly holder: string | undefined
  /** Milliseconds since 1970. */
  readonly validTo: number
}

/** A connection's certificate never changes. */
const peers = new WeakMap<TLSSocket, Peer>()

function peerOf(socket: Socket): Peer | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const known = peers.get(socket)
  if (known !== undefined) return known
  const { subjectaltname, valid_to: validTo } = socket.getPeerCertificate()
  const peer = { holder: holderOf(subjectaltname), validTo: Date.parse(validTo) }
  peers.set(socket, peer)
  return peer
}

/** Why nobody of the authority is at the other end of a connection. Undefined: somebody is. */
function distrustOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return 'there is none'
  if (socket.authorized) return undefined
  if (socket.getPeerCertificate().subject === undefined) return 'there is none'
  // Node has the code of OpenSSL here, and an Error by its types.
  const code = String(socket.authorizationError)
  if (code.includes('CERT_HAS_EXPIRED')) return 'it has expired'
  if (code.includes('CERT_NOT_YET_VALID')) return 'it is not valid yet'
  return 'it is of an authority that is not trusted here'
}

function untrusted(why: string): EnneadError {
  return new EnneadError('CALLER_UNTRUSTED', `this subgraph does not accept its caller’s certificate: ${why}`)
}

/** Before a byte of the body is read. */
function turnAway(response: ServerResponse, distrust: string): void {
  const { code, message } = untrusted(distrust)
  const { http } = errorDefinitions[code]
  response.writeHead(http, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }))
}

/** Without tickets nothing is resumed: each connection shows and checks certificates anew. */
const context: SecureContextOptions = { minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET }
/** Node would close a connection it does not trust without a word; whoever asks is told why, and nothing else. */
const handshake = { ...context, requestCert: true, rejectUnauthorized: false } as const

function contextOf({ ca, own }: TlsMaterial): SecureContextOptions {
  if (ca === undefined || own === undefined) {
    throw new EnneadError('BAD_OPTION', 'a door with TLS needs a certificate, its key and an authority')
  }
  return { ca, cert: own.certificate, key: own.key }
}

function handshakeFailure({ code, message }: Error & { readonly code?: unknown }): string {
  if (code === 'ERR_SSL_HTTP_REQUEST') return 'it speaks HTTP without TLS; its URL must begin with https'
  if (code === 'ERR_SSL_UNSUPPORTED_PROTOCOL') return 'it speaks no TLS 1.3'
  return typeof code === 'string' ? code : message
}
