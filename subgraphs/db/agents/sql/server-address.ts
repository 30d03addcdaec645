import { EnneadError } from '../../../../kernel/errors.ts'

/** Where a PostgreSQL server listens and who we are to it. */
export type SqlConnection =
  /** `postgres://user:password@host:port/database`, with `?sslmode=` as libpq has it. One host. */
  | { readonly kind: 'url'; readonly url: string }
  /** A unix socket: the folder that holds it. `port` is part of its name; default 5432. */
  | {
      readonly kind: 'socket'
      readonly directory: string
      readonly user: string
      readonly database: string
      readonly port?: number
    }

/** A checked address, in the form the driver takes. */
export interface ServerAddress {
  /** For operators: host and port, or the socket's folder. Never a user or a password. */
  readonly name: string
  /** What `net.connect` takes. */
  readonly endpoint: { readonly path: string } | { readonly host: string; readonly port: number }
  /** Options of the driver that say where and who. */
  readonly driver: Readonly<Record<string, string | number>>
  /** The URL, from which the driver reads user, password, database and TLS. */
  readonly url: string | undefined
}

const defaultPort = 5432

/** Throws BAD_OPTION, without repeating what may be a password, for a URL that is not PostgreSQL's. */
export function serverAddress(connection: SqlConnection): ServerAddress {
  if (connection.kind === 'socket') {
    const { directory, user, database, port = defaultPort } = connection
    const path = `${directory}/.s.PGSQL.${port}`
    return {
      name: `socket ${path}`,
      endpoint: { path },
      driver: { path, user, database },
      url: undefined,
    }
  }
  if (!URL.canParse(connection.url)) throw badUrl('it is not a URL')
  const url = new URL(connection.url)
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw badUrl(`it begins with "${url.protocol}"`)
  }
  if (url.hostname === '' || url.hostname.includes(',')) throw badUrl('it must name exactly one host')
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1')
  const port = url.port === '' ? defaultPort : Number(url.port)
  return {
    name: `${url.hostname}:${port}`,
    endpoint: { host, port },
    driver: { host, port },
    url: connection.url,
  }
}

function badUrl(why: string): EnneadError {
  return new EnneadError(
    'BAD_OPTION',
    `the PostgreSQL URL must look like postgres://user:password@host:5432/database, but ${why}`,
  )
}
