import { randomUUID } from 'node:crypto'
import { type Consistency, headersOf } from '../../kernel/consistency.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { Principal } from '../../kernel/principal.ts'
import { TlsPool } from '../../kernel/tls/tls-client.ts'
import { tlsFailureReason } from '../../kernel/tls/tls-failure.ts'
import { type DbAddress, httpAddress } from './db-address.ts'

export interface DbHttpOptions {
  readonly db: DbAddress
  readonly signer: HopSigner
  /** Connections at most. Default 32. */
  readonly connectionsMax?: number
  /** Largest answer taken. Bytes. Default 10 MiB. */
  readonly answerBytesMax?: number
}

export interface DbRequest {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** For whom db answers. */
  readonly principal: Principal
  /** What it must show. Default: what db knows to be current. */
  readonly consistency?: Consistency | undefined
  readonly remainingMs: number
  readonly signal: AbortSignal
}

export interface DbAnswer {
  readonly status: number
  readonly body: unknown
}

const defaults = { connectionsMax: 32, answerBytesMax: 10 * 1024 * 1024 } as const

/** JSON over HTTP to the db subgraph, signed. Redirects are answers like any other, never followed. */
export class DbHttp {
  readonly #pool: TlsPool
  readonly #signer: HopSigner

  constructor(options: DbHttpOptions) {
    const { db, signer, connectionsMax, answerBytesMax } = { ...defaults, ...options }
    const { origin, socketPath, tls } = httpAddress(db)
    this.#signer = signer
    const unix = socketPath === undefined ? {} : { socketPath }
    this.#pool = new TlsPool(
      origin,
      { connections: connectionsMax, maxResponseSize: answerBytesMax, ...unix },
      tls,
    )
  }

  /** Rejects with AGENT_FAULT when db cannot be reached or answers no JSON, and with the signal's reason when it aborts. */
  async request(request: DbRequest): Promise<DbAnswer> {
    const { method, path, body, principal, consistency, remainingMs, signal } = request
    const hop = { requestId: randomUUID(), principal, remainingMs, signal }
    const text = body === undefined ? undefined : JSON.stringify(body)
    const target = { audience: 'db', method, path, ...(text === undefined ? {} : { body: text }) }
    try {
      const response = await this.#pool.current.request({
        method,
        path,
        signal,
        headers: {
          accept: 'application/json',
          ...(text === undefined ? {} : { 'content-type': 'application/json' }),
          ...headersOf(consistency),
          ...this.#signer.headers(hop, target),
        },
        body: text ?? null,
      })
      return { status: response.statusCode, body: await response.body.json() }
    } catch (failure) {
      signal.throwIfAborted()
      const reason = tlsFailureReason(failure)
      const why = reason === undefined ? '' : `: ${reason}`
      throw new EnneadError('AGENT_FAULT', `db cannot be reached over HTTP${why}`, { cause: failure })
    }
  }

  /** Ends what still runs. */
  close(): Promise<void> {
    return this.#pool.destroy()
  }
}
