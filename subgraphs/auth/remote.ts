import { randomUUID } from 'node:crypto'
import { EnneadError } from '../../kernel/errors.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { ActorPrincipal } from '../../kernel/principal.ts'
import type { CountedSighting } from '../../kernel/sightings/sighting.ts'
import { TlsPool } from '../../kernel/tls/tls-client.ts'
import type { TlsClientOptions } from '../../kernel/tls/tls-client.ts'
import { tlsFailureReason } from '../../kernel/tls/tls-failure.ts'
import type { ActorDirectory } from '../service/actor-directory.ts'
import { authPaths, knownIdsMax } from './routes.ts'

export interface RemoteAuthOptions {
  /** Where the auth subgraph listens, e.g. `http://auth:4003`; a path in it is ignored. */
  readonly url: string
  readonly signer: HopSigner
  /** For a URL with https. Default: authorities that Node trusts, and no certificate of our own. */
  readonly tls?: TlsClientOptions | undefined
  /** Who asks, for the other side's log. Default `gateway`. */
  readonly name?: string
  /** Longest time one question may take. Milliseconds. Default 5,000: a provider's keys may have to be fetched first. */
  readonly timeoutMs?: number
}

const defaults = { name: 'gateway', timeoutMs: 5_000 } as const
const connectionsMax = 16
const answerBytesMax = 1_048_576

/** Asks the auth subgraph of another process who a token is. */
export class RemoteIdentity {
  readonly #asker: Asker

  constructor(options: RemoteAuthOptions) {
    this.#asker = new Asker(options)
  }

  /** Rejects with UNAUTHENTICATED when the token is refused, else with UNAVAILABLE or the signal's reason. */
  async identify(token: string, signal: AbortSignal): Promise<ActorPrincipal> {
    const { principal } = await this.#asker.ask(authPaths.identify, { token }, signal)
    // Only our own auth subgraph is asked, and it answers what its domain's `identify` did.
    if (typeof principal === 'object' && principal !== null) return principal as ActorPrincipal
    throw unavailable('no principal')
  }

  close(): Promise<void> {
    return this.#asker.close()
  }
}

/** Asks the auth subgraph of another process which actors the members of a workspace may refer to. */
export class RemoteActorDirectory implements ActorDirectory {
  readonly #asker: Asker

  constructor(options: RemoteAuthOptions) {
    this.#asker = new Asker(options)
  }

  async known(
    workspaceId: string,
    actorIds: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    const known = new Set<string>()
    for (let from = 0; from < actorIds.length; from += knownIdsMax) {
      const ids = actorIds.slice(from, from + knownIdsMax)
      const answer = await this.#asker.ask(authPaths.knownActors, { workspaceId, ids }, signal)
      if (!Array.isArray(answer['ids'])) throw unavailable('no ids')
      for (const id of answer['ids']) known.add(String(id))
    }
    return known
  }

  close(): Promise<void> {
    return this.#asker.close()
  }
}

/** Tells the auth subgraph of another process what was seen here. */
export class RemoteSightings {
  readonly #asker: Asker

  constructor(options: RemoteAuthOptions) {
    this.#asker = new Asker(options)
  }

  /** Rejects with UNAVAILABLE or the signal's reason. */
  async send(sightings: readonly CountedSighting[], signal: AbortSignal): Promise<void> {
    await this.#asker.ask(authPaths.sightings, { sightings }, signal)
  }

  close(): Promise<void> {
    return this.#asker.close()
  }
}

/** Signed questions to one auth subgraph. */
export class Asker {
  readonly #pool: TlsPool
  readonly #signer: HopSigner
  readonly #name: string
  readonly #timeoutMs: number

  constructor(options: RemoteAuthOptions) {
    const { url, signer, tls, name, timeoutMs } = { ...defaults, ...options }
    const parsed = URL.parse(url)
    if (parsed === null || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:')) {
      throw new EnneadError('BAD_OPTION', 'the URL of the auth subgraph must begin with http:// or https://')
    }
    this.#pool = new TlsPool(parsed.origin, { connections: connectionsMax, connectTimeout: timeoutMs }, tls)
    this.#signer = signer
    this.#name = name
    this.#timeoutMs = timeoutMs
  }

  async ask(
    path: string,
    question: unknown,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const timeoutMs = this.#timeoutMs
    const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const principal = { kind: 'service', name: this.#name } as const
    const hop = { requestId: randomUUID(), principal, remainingMs: timeoutMs, signal: limited }
    const body = JSON.stringify(question)
    const signed = this.#signer.headers(hop, { audience: 'auth', method: 'POST', path, body })
    try {
      const { statusCode, body: answered } = await this.#pool.current.request({
        path,
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signed },
        body,
        signal: limited,
      })
      const answer = parse(await readText(answered))
      if (statusCode === 200) return answer
      throw refusal(statusCode, answer)
    } catch (failure) {
      signal.throwIfAborted()
      throw failure instanceof EnneadError ? failure : unavailable(failure, tlsFailureReason(failure))
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}

/** A 401 about the token is the client's; one about us means that the hop secrets differ, which is no client's fault. */
function refusal(status: number, answer: Readonly<Record<string, unknown>>): EnneadError {
  const [error]: readonly unknown[] = Array.isArray(answer['errors']) ? answer['errors'] : []
  const { message, extensions }: { message?: unknown; extensions?: unknown } = Object(error)
  const { refused }: { refused?: unknown } = Object(extensions)
  if (status === 401 && refused === 'token' && typeof message === 'string') {
    return new EnneadError('UNAUTHENTICATED', message)
  }
  return unavailable(`status ${status}`)
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body) {
    size += part.byteLength
    if (size > answerBytesMax) throw new RangeError(`more than ${answerBytesMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString()
}

function parse(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object')
  // An object of JSON has string keys; each value is checked where it is used.
  return value as Readonly<Record<string, unknown>>
}

function unavailable(cause: unknown, reason?: string): EnneadError {
  const why = reason === undefined ? 'try again' : reason
  return new EnneadError('UNAVAILABLE', `the auth subgraph cannot be asked; ${why}`, { cause })
}
