import { EnneadError } from '../../kernel/errors.ts'
import { connectionOptions } from '../../kernel/tls/tls-client.ts'
import type { TlsClientOptions, TlsConnection } from '../../kernel/tls/tls-client.ts'

/** Where the db subgraph listens. */
export type DbAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | {
      readonly kind: 'tcp'
      readonly url: string
      /** For https. Default: authorities that Node trusts, and no certificate of our own. */
      readonly tls?: TlsClientOptions | undefined
    }

/** Its address for HTTP clients; over a unix socket the host is only a name. Throws BAD_OPTION for a URL that is none. */
export function httpAddress(db: DbAddress): {
  readonly origin: string
  readonly socketPath: string | undefined
  readonly tls: TlsClientOptions | undefined
} {
  if (db.kind === 'unix') return { origin: 'http://db', socketPath: db.path, tls: undefined }
  return { origin: originOf(db.url), socketPath: undefined, tls: db.tls }
}

/** What is asked for there. */
export const socketPath = '/graphql'

/** Its address for WebSocket clients; `ws+unix:` is what the `ws` package calls a WebSocket over a unix socket. */
export function socketAddress(db: DbAddress): string {
  if (db.kind === 'unix') return `ws+unix://${db.path}:${socketPath}`
  return `${originOf(db.url).replace(/^http/, 'ws')}${socketPath}`
}

/** How a WebSocket to it speaks TLS, with the certificates of now. */
export function socketConnection(db: DbAddress): TlsConnection | undefined {
  return db.kind === 'tcp' ? db.tls && connectionOptions(db.tls) : undefined
}

function originOf(url: string): string {
  const parsed = URL.parse(url)
  if (parsed !== null && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return parsed.origin
  throw new EnneadError('BAD_OPTION', `db.url must be an http or https URL, got ${url}`)
}
