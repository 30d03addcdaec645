import { isUtf8 } from 'node:buffer'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock } from '../../kernel/clock.ts'
import { headersOf } from '../../kernel/consistency.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { HopSigner, HopTarget, PrincipalForm } from '../../kernel/hop-signer.ts'
import { hopHeaders } from '../../kernel/hop.ts'
import type { Principal } from '../../kernel/principal.ts'
import { stopOf } from '../../kernel/stop.ts'
import type { Stop } from '../../kernel/stop.ts'
import { connectionOptions, TlsPool } from '../../kernel/tls/tls-client.ts'
import type { TlsClientOptions } from '../../kernel/tls/tls-client.ts'
import { startDeadline } from './deadline.ts'
import { acceptedTypes, parsedAnswer, post } from './http-answer.ts'
import type { HttpAnswer } from './http-answer.ts'
import type { Subgraph, SubgraphContext, SubgraphRequest, SubgraphResponse } from './subgraph.ts'
import { PlainPost } from './http1/plain-post.ts'
import { SocketUpstream } from './upstream/socket-upstream.ts'
import { SseUpstream } from './upstream/sse-upstream.ts'
import type { Upstream } from './upstream/upstream.ts'

export interface HttpSubgraphOptions {
  readonly name: string
  /** Where it answers GraphQL over HTTP. */
  readonly url: string
  /**
   * Where it takes subscriptions: `ws` and `wss` by graphql-transport-ws, `http` and `https` by Server-Sent Events. Default: `url`,
   * by graphql-transport-ws.
   */
  readonly eventsUrl?: string | undefined
  /** Vouches for the principal towards subgraphs of the same deployment. Default: no assertion is sent. */
  readonly signer?: HopSigner
  /** Certificates for a URL with https. Default: authorities that Node trusts, and no certificate of our own. */
  readonly tls?: TlsClientOptions | undefined
  /** Connections at once. Default 64. */
  readonly connectionsMax?: number
  /** Longest answer, in bytes. Default 10 MiB. */
  readonly answerBytesMax?: number
  /** Events of one subscription that may wait to be read. Default 1,000. */
  readonly eventsMax?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

const defaults = { connectionsMax: 64, answerBytesMax: 10 * 1024 * 1024, eventsMax: 1_000 } as const

/** The way to a subgraph over HTTP, and over graphql-transport-ws for subscriptions. Throws BAD_OPTION. */
export function httpSubgraph(options: HttpSubgraphOptions): Subgraph {
  return new HttpSubgraph(options)
}

class HttpSubgraph implements Subgraph {
  readonly name: string
  readonly #url: URL
  readonly #pool: TlsPool
  readonly #tls: TlsClientOptions | undefined
  /** For queries in bytes, where there is no TLS. */
  readonly #plain: PlainPost | undefined
  readonly #signer: HopSigner | undefined
  readonly #answerBytesMax: number
  readonly #clock: Clock
  readonly #upstream: Upstream
  /** Principals that it has said it keeps. */
  readonly #keptThere = new WeakSet<Principal>()

  constructor(options: HttpSubgraphOptions) {
    const { connectionsMax, answerBytesMax, eventsMax } = { ...defaults, ...options }
    for (const [name, value] of Object.entries({ connectionsMax, answerBytesMax, eventsMax })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new EnneadError('BAD_OPTION', `${name} must be an integer >= 1, got ${value}`)
      }
    }
    const url = URL.parse(options.url)
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new EnneadError('BAD_OPTION', `the url of subgraph "${options.name}" must be http or https`)
    }
    if (url.protocol === 'http:' && options.tls?.tls.current.own !== undefined) {
      throw new EnneadError(
        'BAD_OPTION',
        `subgraph "${options.name}" is reached by http, but has a certificate to be shown to it; its url must begin with https`,
      )
    }
    this.name = options.name
    this.#tls = url.protocol === 'http:' ? undefined : options.tls
    this.#url = url
    this.#signer = options.signer
    this.#answerBytesMax = answerBytesMax
    this.#clock = options.clock ?? systemClock
    // Timeouts are those of the request's own deadline; undici's would only make a second, coarser one.
    const limits = { connections: connectionsMax, headersTimeout: 0, bodyTimeout: 0 }
    this.#pool = new TlsPool(url.origin, limits, this.#tls)
    const plain = { connectionsMax, answerBytesMax }
    this.#plain = url.protocol === 'http:' ? new PlainPost(url, options.name, plain, this.#clock) : undefined
    this.#upstream = this.#upstreamAt(options.eventsUrl ?? url.href.replace(/^http/, 'ws'), eventsMax)
  }

  async execute(request: SubgraphRequest, context: SubgraphContext): Promise<SubgraphResponse> {
    const deadline = startDeadline(this.#clock, context.remainingMs, context.signal)
    try {
      const repeatable = !isMutation(request)
      const body = JSON.stringify(request)
      const { signal } = deadline
      const answer = await this.#asked(
        context,
        form => this.#post(body, context, form, signal),
        repeatable,
        stopOf(signal),
      )
      return parsedAnswer(answer, this.name)
    } catch (failure) {
      throw deadline.signal.aborted ? this.#late(deadline.signal.reason) : failure
    } finally {
      deadline.close()
    }
  }

  async exchange(body: string, context: SubgraphContext, stop = stopOf(context.signal)): Promise<Buffer> {
    const answer = await this.#asked(context, form => this.#postBytes(body, context, form, stop), true, stop)
    if (isUtf8(answer.body)) return answer.body
    throw new EnneadError('SUBGRAPH_BAD_ANSWER', `subgraph "${this.name}" answered text that is not UTF-8`, {
      facts: { status: answer.status },
    })
  }

  subscribe(request: SubgraphRequest, context: SubgraphContext): AsyncIterableIterator<SubgraphResponse> {
    return this.#upstream.subscribe(request, context)
  }

  async close(): Promise<void> {
    await this.#upstream.close()
    this.#plain?.close()
    await this.#pool.destroy()
  }

  #upstreamAt(text: string, eventsMax: number): Upstream {
    const url = URL.parse(text)
    if (url === null || !/^(?:http|ws)s?:$/.test(url.protocol)) {
      throw new EnneadError(
        'BAD_OPTION',
        `subscriptions of subgraph "${this.name}" must go to a url with ws, wss, http or https`,
      )
    }
    const options = {
      subgraph: this.name,
      url,
      headers: (context: SubgraphContext, target: Omit<HopTarget, 'audience'>) =>
        this.#headers(context, target),
      eventsMax,
      eventBytesMax: this.#answerBytesMax,
      clock: this.#clock,
    }
    const tls = /^(?:http|ws)s:$/.test(url.protocol) ? this.#tls : undefined
    if (url.protocol.startsWith('http')) return new SseUpstream({ ...options, tls })
    return new SocketUpstream({
      ...options,
      signer: this.#signer,
      connection: () => tls && connectionOptions(tls),
    })
  }

  /** Sends the principal whole unless the subgraph keeps it; when it does not any more it has done nothing, whatever was asked. */
  #asked(
    { principal }: SubgraphContext,
    send: (form: PrincipalForm) => Promise<HttpAnswer>,
    repeatable: boolean,
    stop: Stop,
  ): Promise<HttpAnswer> {
    const attempts = (form: PrincipalForm): Promise<HttpAnswer> =>
      send(form).catch((failure: unknown) => {
        // A kept-alive connection may be closed by the other side just as it is used; a query can safely be sent again.
        if (stop.stopped || !brokeBeforeAnswer(failure) || !repeatable) throw failure
        return send(form)
      })
    return principal === undefined ? attempts('whole') : this.#askedFor(principal, attempts)
  }

  async #askedFor(
    principal: Principal,
    attempts: (form: PrincipalForm) => Promise<HttpAnswer>,
  ): Promise<HttpAnswer> {
    if (this.#keptThere.has(principal)) {
      const answer = await attempts('digest')
      if (answer.principal !== 'unknown') return answer
      this.#keptThere.delete(principal)
    }
    const answer = await attempts('whole')
    if (answer.principal === 'kept') this.#keptThere.add(principal)
    return answer
  }

  #post(
    body: string | Buffer,
    context: SubgraphContext,
    form: PrincipalForm,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const path = this.#path
    // An assertion is accepted once, so each attempt has its own.
    const hop = this.#headers(context, { method: 'POST', path, body }, form)
    const headers = { ...hop, 'content-type': 'application/json', accept: acceptedTypes }
    return post(this.#pool.current, { path, headers, body, signal }, this.name, this.#answerBytesMax)
  }

  /** @param body Bytes in latin1. */
  #postBytes(body: string, context: SubgraphContext, form: PrincipalForm, stop: Stop): Promise<HttpAnswer> {
    if (this.#plain === undefined) return this.#post(Buffer.from(body, 'latin1'), context, form, stop.signal)
    // Nothing but a signature looks at the bytes.
    const signed = this.#signer === undefined ? '' : Buffer.from(body, 'latin1')
    const target = { method: 'POST', path: this.#path, body: signed }
    const headers = this.#headers(context, target, form)
    return this.#plain.post(body, headers, stop)
  }

  get #path(): string {
    return `${this.#url.pathname}${this.#url.search}`
  }

  #headers(
    context: SubgraphContext,
    target: Omit<HopTarget, 'audience'>,
    form: PrincipalForm = 'whole',
  ): Record<string, string> {
    const hop = this.#signer?.headers(context, { audience: this.name, ...target }, form) ?? {
      [hopHeaders.requestId]: context.requestId,
      ...(Number.isFinite(context.remainingMs)
        ? { [hopHeaders.remainingMs]: String(Math.max(0, Math.floor(context.remainingMs))) }
        : {}),
    }
    // What we say about the request wins over what a client may have sent under the same name.
    return { ...context.headers, ...headersOf(context.consistency), ...hop }
  }

  #late(reason: unknown): EnneadError {
    if (reason instanceof EnneadError && reason.code === 'CANCELLED') return reason
    const message = `subgraph "${this.name}" did not answer within the time of this request`
    return new EnneadError('SUBGRAPH_TIMEOUT', message, { cause: reason })
  }
}

function brokeBeforeAnswer(failure: unknown): boolean {
  if (!(failure instanceof EnneadError) || failure.code !== 'SUBGRAPH_UNREACHABLE') return false
  const { cause } = failure
  const code: unknown =
    typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}

function isMutation(request: SubgraphRequest): boolean {
  return /^\s*mutation\b/.test(request.query)
}
