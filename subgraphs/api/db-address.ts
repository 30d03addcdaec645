import { EnneadError } from '../../kernel/errors.ts'

/** Where the db subgraph listens. */
export type DbAddress =
  { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'tcp'; readonly url: string }

/** Its address for HTTP clients; over a unix socket the host is only a name. Throws BAD_OPTION for a URL that is none. */
export function httpAddress(db: DbAddress): {
  readonly origin: string
  readonly socketPath: string | undefined
} {
  if (db.kind === 'unix') return { origin: 'http://db', socketPath: db.path }
  return { origin: originOf(db.url), socketPath: undefined }
}

/** What is asked for there. */
export const socketPath = '/graphql'

/** Its address for WebSocket clients; `ws+unix:` is what the `ws` package calls a WebSocket over a unix socket. */
export function socketAddress(db: DbAddress): string {
  if (db.kind === 'unix') return `ws+unix://${db.path}:${socketPath}`
  return `${originOf(db.url).replace(/^http/, 'ws')}${socketPath}`
}

function originOf(url: string): string {
  const parsed = URL.parse(url)
  if (parsed !== null && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return parsed.origin
  throw new EnneadError('BAD_OPTION', `db.url must be an http or https URL, got ${url}`)
}
