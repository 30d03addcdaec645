import { request } from 'undici'
import type { Dispatcher } from 'undici'
import { checkDuration } from '../../kernel/check.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock, Random, Timer } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { sdlLengthMax } from './supergraph.ts'
import { PollPace } from './poll-pace.ts'
import type { SupergraphFeed } from './supergraph-feed.ts'

export interface SupergraphUrlOptions {
  /** http or https. A name and password in it are sent as basic authentication and never shown. */
  readonly url: string
  /** Sent with every request, e.g. an `authorization`. Default none. */
  readonly headers?: Readonly<Record<string, string>>
  /** How often to ask, in milliseconds, give or take a tenth. Default 10,000. */
  readonly pollMs?: number
  /** The longest pause after failures, each of which doubles it, in milliseconds. Default 300,000. */
  readonly pauseMsMax?: number
  /** Time for one answer, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: Math.random. */
  readonly random?: Random
}

const defaults = { pollMs: 10_000, pauseMsMax: 300_000, timeoutMs: 10_000 } as const

/** Supergraphs from a registry that answers GET with SDL, asked with ETag and Last-Modified. Throws BAD_OPTION. */
export function supergraphUrl(options: SupergraphUrlOptions): SupergraphFeed {
  return new SupergraphUrl(options)
}

class SupergraphUrl implements SupergraphFeed {
  readonly name: string
  readonly #url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #pace: PollPace
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #closing = new AbortController()
  #changed: (() => void) | undefined
  #timer: Timer | undefined
  #askedToWaitMs = 0
  #known: { readonly text: string; readonly validators: Readonly<Record<string, string>> } | undefined

  constructor(options: SupergraphUrlOptions) {
    const { pollMs, pauseMsMax, timeoutMs } = { ...defaults, ...options }
    for (const [name, value] of Object.entries({ pollMs, pauseMsMax, timeoutMs })) checkDuration(name, value)
    const url = URL.parse(options.url)
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new EnneadError('BAD_OPTION', 'the URL of the supergraph must be http or https')
    }
    this.#headers = { ...credentials(url), ...options.headers }
    url.username = ''
    url.password = ''
    this.#url = url
    // A key may be in the query as well.
    this.name = `URL ${url.origin}${url.pathname}`
    this.#pace = new PollPace({ pollMs, pauseMsMax, random: options.random ?? Math.random })
    this.#timeoutMs = timeoutMs
    this.#clock = options.clock ?? systemClock
  }

  async read(): Promise<string> {
    this.#timer?.cancel()
    try {
      const text = await this.#get()
      this.#pace.answered()
      return text
    } catch (failure) {
      this.#pace.failed()
      throw failure
    } finally {
      this.#again()
    }
  }

  watch(changed: () => void): void {
    this.#changed = changed
    this.#again()
  }

  close(): void {
    this.#closing.abort(new EnneadError('CANCELLED', 'the gateway stops'))
    this.#timer?.cancel()
  }

  #again(): void {
    this.#timer?.cancel()
    const changed = this.#changed
    if (changed === undefined || this.#closing.signal.aborted) return
    this.#timer = this.#clock.after(this.#pace.pauseMs(this.#askedToWaitMs), changed)
  }

  async #get(): Promise<string> {
    this.#askedToWaitMs = 0
    const deadline = new AbortController()
    const timer = this.#clock.after(this.#timeoutMs, () =>
      deadline.abort(this.#failed(`did not answer within ${this.#timeoutMs} ms`)),
    )
    const signal = AbortSignal.any([deadline.signal, this.#closing.signal])
    try {
      const response = await request(this.#url, {
        headers: {
          accept: 'application/graphql, text/plain, */*;q=0.5',
          ...this.#headers,
          ...this.#known?.validators,
        },
        signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      })
      return await this.#textOf(response)
    } catch (failure) {
      signal.throwIfAborted()
      if (failure instanceof EnneadError) throw failure
      throw this.#failed('could not be reached', failure)
    } finally {
      timer.cancel()
    }
  }

  async #textOf({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<string> {
    if (statusCode === 304 && this.#known !== undefined) {
      await body.dump()
      return this.#known.text
    }
    if (statusCode !== 200) {
      this.#askedToWaitMs = retryAfterMs(headers['retry-after'], this.#clock.wall())
      await body.dump()
      // A redirect would take the credentials somewhere else.
      const hint = statusCode >= 300 && statusCode < 400 ? ' (redirects are not followed)' : ''
      throw this.#failed(`answered ${statusCode}${hint}`)
    }
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of body) {
      // Without an encoding, undici's bodies bring buffers.
      const part = chunk as Buffer
      bytes += part.length
      if (bytes > sdlLengthMax) throw this.#failed(`answered more than ${sdlLengthMax} bytes`)
      chunks.push(part)
    }
    const text = Buffer.concat(chunks).toString('utf8')
    this.#known = { text, validators: validatorsOf(headers) }
    return text
  }

  #failed(what: string, cause?: unknown): EnneadError {
    return new EnneadError('SUPERGRAPH_INVALID', `the supergraph's ${this.name} ${what}`, { cause })
  }
}

type Headers = Dispatcher.ResponseData['headers']

/** What makes the next request conditional (RFC 9110, section 13.1). */
function validatorsOf(headers: Headers): Readonly<Record<string, string>> {
  const { etag, 'last-modified': modified } = headers
  return {
    ...(typeof etag === 'string' ? { 'if-none-match': etag } : {}),
    ...(typeof modified === 'string' ? { 'if-modified-since': modified } : {}),
  }
}

function retryAfterMs(header: Headers[string], now: number): number {
  if (typeof header !== 'string') return 0
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

function credentials(url: URL): Readonly<Record<string, string>> {
  if (url.username === '' && url.password === '') return {}
  const text = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` }
}
