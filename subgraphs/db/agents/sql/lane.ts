import net from 'node:net'
import type { Socket } from 'node:net'
import postgres from 'postgres'
import type { Log } from '../../../../kernel/log.ts'
import type { ServerAddress } from './server-address.ts'
import { endsConnection, sqlFailure } from './sql-failure.ts'
import type { Progress } from './sql-failure.ts'

export type SqlValue = string | number | boolean | null

/** One statement for one round trip. */
export interface Statement {
  readonly text: string
  readonly values: readonly SqlValue[]
  /** Keep it prepared on the connection. Only for texts of which there are few. Default true. */
  readonly prepared?: boolean
  /** A write whose outcome matters when the connection breaks. Default false. */
  readonly write?: boolean
}

/** Columns as the driver parses them; each query knows what it selected. */
export type SqlRow = Readonly<Record<string, unknown>>

export interface LaneOptions {
  readonly address: ServerAddress
  /** The schema that holds the tables; names in statements are looked up there. */
  readonly schema: string
  /** Milliseconds until a connection must be ready. */
  readonly connectTimeoutMs: number
  /** Milliseconds after which the server ends a statement by itself. */
  readonly statementTimeoutMs: number
  readonly log: Log
}

const goodbyeSeconds = 0.2

interface Connection {
  readonly client: postgres.Sql
  readonly pid: number
  readonly destroy: () => void
}

/**
 * One connection to the server, carrying one statement at a time; its user must see to that.
 *
 * The driver could pool, pipeline and reconnect by itself. It is not let to: cancelling a pipelined statement makes it
 * hand the rows of one statement to another, a statement written while its socket closes leaves a client that never
 * works again, and a silent reconnect in a transaction would run the rest of it outside. A client here has one socket
 * in its life; a broken one is thrown away and the next statement opens another.
 */
export class Lane {
  readonly #options: LaneOptions
  #connection: Connection | undefined
  #running: Promise<unknown> | undefined
  #writing = false

  constructor(options: LaneOptions) {
    this.#options = options
  }

  /** The server's process behind this connection, while there is one. */
  get pid(): number | undefined {
    return this.#connection?.pid
  }

  /** Has a write been sent whose outcome is not known yet? */
  get writing(): boolean {
    return this.#writing
  }

  /** Settles, without failing, when no statement is on its way, not even one whose caller has left. */
  async quiet(): Promise<void> {
    await this.#running?.catch(() => undefined)
  }

  /** Runs one statement. A caller that has left before it was sent saves sending it. Rejects with an EnneadError. */
  run(statement: Statement, signal?: AbortSignal): Promise<readonly SqlRow[]> {
    const running = this.#run(statement, signal)
    this.#running = running
    return running
  }

  /** Says goodbye to the server, so that it does not log a lost connection, and lets go. */
  async close(): Promise<void> {
    await this.#connection?.client.end({ timeout: goodbyeSeconds }).catch(() => undefined)
    this.drop()
  }

  /** Lets go of the connection at once; a statement on its way fails. */
  drop(): void {
    this.#connection?.destroy()
    this.#connection = undefined
  }

  async #run(statement: Statement, signal: AbortSignal | undefined): Promise<readonly SqlRow[]> {
    const { text, values, prepared = true, write = false } = statement
    let progress: Progress = 'unsent'
    try {
      this.#connection ??= await this.#connect()
      signal?.throwIfAborted()
      progress = write ? 'sent-write' : 'sent'
      this.#writing = write
      return await this.#connection.client.unsafe(text, [...values], { prepare: prepared })
    } catch (failure) {
      if (progress === 'unsent') signal?.throwIfAborted()
      if (endsConnection(failure)) this.drop()
      throw sqlFailure(failure, this.#options.address.name, progress)
    } finally {
      this.#writing = false
    }
  }

  async #connect(): Promise<Connection> {
    const { address, schema, connectTimeoutMs, statementTimeoutMs, log } = this.#options
    const socket = await connectSocket(address, connectTimeoutMs)
    let handedOut = false
    const options = {
      ...address.driver,
      max: 1,
      prepare: true,
      fetch_types: false,
      max_lifetime: null,
      idle_timeout: undefined,
      connect_timeout: connectTimeoutMs / 1_000,
      backoff: () => 0,
      connection: {
        application_name: 'ennead',
        statement_timeout: statementTimeoutMs,
        search_path: `"${schema}"`,
      },
      onnotice: (notice: postgres.Notice) => log.debug('sql.notice', { message: notice['message'] }),
      onclose: () => {
        if (this.#connection?.client === client) this.#connection = undefined
      },
      // Not in the driver's types, but documented: called whenever it wants a socket.
      socket: () => {
        if (handedOut || socket.destroyed)
          throw Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' })
        handedOut = true
        return socket
      },
    }
    const client = address.url === undefined ? postgres(options) : postgres(address.url, options)
    const destroy = (): void => {
      // It may reject for statements that are on their way; those have their own catch.
      void client.end({ timeout: 0 }).catch(() => undefined)
      socket.destroy()
    }
    try {
      const [row] = await client.unsafe('select pg_backend_pid() as pid')
      return { client, pid: Number(row?.['pid']), destroy }
    } catch (failure) {
      destroy()
      throw failure
    }
  }
}

/** A socket that is connected; gives up, and leaves nothing behind, after `timeoutMs`. */
function connectSocket(address: ServerAddress, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(address.endpoint)
    // The driver asks the socket for the name to check the server's certificate against.
    if ('host' in address.endpoint) Object.assign(socket, { host: address.endpoint.host })
    const timer = setTimeout(
      () => socket.destroy(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' })),
      timeoutMs,
    )
    const done = (): void => {
      clearTimeout(timer)
      socket.removeListener('error', failed)
      // Until the driver listens, a reset must not be an uncaught error.
      socket.on('error', () => undefined)
      socket.setNoDelay(true)
      resolve(socket)
    }
    const failed = (failure: Error): void => {
      clearTimeout(timer)
      reject(failure)
    }
    socket.once('connect', done)
    socket.once('error', failed)
  })
}
