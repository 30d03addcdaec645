import { type NatsConnection, connect } from '@nats-io/transport-node'
import { EnneadError } from '../../kernel/errors.ts'

export interface NatsOptions {
  /** `nats://` or `tls://`, several separated by commas; with a user and password, or a token as the user. */
  readonly url: string
  /** As the server's operators see this connection, e.g. `ennead db`. */
  readonly name: string
  /** Milliseconds for connecting, and for each request. Default 5,000. */
  readonly timeoutMs?: number
}

/** Older servers lost messages they had acknowledged when their machine crashed. */
const oldest = [2, 10, 23] as const

/**
 * Connects to NATS and stays connected: a connection that breaks comes back by itself. Rejects with UNAVAILABLE, naming the
 * hosts, when no server answers, with AGENT_FAULT for a server that is too old or has no JetStream.
 */
export async function connectNats({ url, name, timeoutMs = 5_000 }: NatsOptions): Promise<NatsConnection> {
  const servers = url.split(',').map(one => new URL(one.trim()))
  const hosts = servers.map(({ host }) => host).join(', ')
  const [first] = servers
  const connection = await connect({
    servers: servers.map(({ host }) => host),
    name,
    timeout: timeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    ...(servers.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
    ...credentials(first),
  }).catch((cause: unknown) => {
    throw new EnneadError('UNAVAILABLE', `NATS at ${hosts} does not let us in: ${reason(cause)}`, { cause })
  })
  const refusal = refusalOf(connection)
  if (refusal === undefined) return connection
  await connection.close()
  throw new EnneadError('AGENT_FAULT', `NATS at ${hosts} ${refusal}`)
}

function credentials(url: URL | undefined): { user?: string; pass?: string; token?: string } {
  if (url === undefined || url.username === '') return {}
  const user = decodeURIComponent(url.username)
  return url.password === '' ? { token: user } : { user, pass: decodeURIComponent(url.password) }
}

function refusalOf({ info }: NatsConnection): string | undefined {
  if (info?.jetstream !== true) return 'has no JetStream: start it with --jetstream'
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(info.version)?.slice(1).map(Number) ?? []
  const differs = oldest.findIndex((part, at) => part !== found[at])
  if (differs < 0 || (found[differs] ?? 0) > (oldest[differs] ?? 0)) return undefined
  return `is of version ${info.version}, which may lose what it acknowledged: ${oldest.join('.')} or newer is needed`
}

/** What a failure says, with what it came from. */
export function reason(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure)
  const { cause, message } = failure
  return cause instanceof Error && cause.message !== '' && cause.message !== message
    ? `${message}: ${cause.message}`
    : message
}
