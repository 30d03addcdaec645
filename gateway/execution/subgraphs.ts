import type { Log } from '../../kernel/log.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError, kindOf } from '../../kernel/errors.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { SubgraphHealth } from '../engine.ts'
import type { ObserveGateway } from '../gateway-events.ts'
import type { SubgraphCallTrace } from '../tracing.ts'
import type { Supergraph } from '../supergraph/supergraph-facts.ts'
import type { Subgraph, SubgraphContext, SubgraphRequest, SubgraphResponse } from './subgraph.ts'

/** How subgraphs are reached: by name, as the supergraph calls them, and its routing URL. */
export type ConnectSubgraph = (name: string, url: string) => Subgraph

/** The subgraphs of one supergraph, by the names its plans use. */
export interface ResolvedSubgraphs {
  execute(name: string, request: SubgraphRequest, context: SubgraphContext): Promise<SubgraphResponse>
  /** Does the subgraph take requests as bytes? */
  exchanges(name: string): boolean
  /**
   * See `Subgraph.exchange`. The answer is given to `read`, and what that throws is thrown; what `read` takes has no errors, so
   * that nobody needs to look for them.
   */
  exchange(
    name: string,
    body: string,
    context: SubgraphContext,
    read: (answer: Buffer) => void,
  ): Promise<void>
  /** Does an answer in bytes say that its place fails, so that `execute` should ask again? */
  isFailure(name: string, response: SubgraphResponse): boolean
  subscribe(
    name: string,
    request: SubgraphRequest,
    context: SubgraphContext,
  ): AsyncIterableIterator<SubgraphResponse>
  /** From now on these are the ones in use; those of other supergraphs are retired. */
  adopt(): void
  /** Closes those that no adopted supergraph uses. For what was never adopted. */
  close(): Promise<void>
}

interface Connection {
  readonly url: string
  readonly subgraph: Subgraph
  state: SubgraphHealth['state']
  detail: string
  /** When the log has said that it fails. */
  toldAt?: number
}

/** Swaps whose connections are kept for requests that began before them. */
const retiredMax = 16

/** How often the log says at most that a subgraph fails, milliseconds. */
const toldMs = 10_000

/**
 * Connections to subgraphs, kept from one supergraph to the next as long as name and URL stay, with what their last
 * call said about their health.
 */
export class SubgraphConnections {
  readonly #connect: ConnectSubgraph
  readonly #connections = new Map<string, Connection>()
  /** Connections that the supergraph in use does not name, by the swap that let go of them: requests may still hold them. */
  readonly #retired: Subgraph[][] = []

  readonly #tools: CallTools

  constructor(connect: ConnectSubgraph, tools: CallTools) {
    this.#connect = connect
    this.#tools = tools
  }

  /** Connects what is not connected yet. Nothing else changes until `adopt`. */
  resolve(supergraph: Supergraph): ResolvedSubgraphs {
    const own = new Map(supergraph.subgraphs.map(({ name, url }) => [name, this.#connection(name, url)]))
    const find = (name: string): Connection => {
      const found = own.get(name)
      if (found === undefined)
        throw new EnneadError('INTERNAL', `the plan names an unknown subgraph "${name}"`)
      return found
    }
    return {
      adopt: () => this.#adopt(own),
      close: () => this.#letGo(own),
      execute: async (name, request, context) => {
        const connection = find(name)
        const call = new ObservedCall(name, connection, context, this.#tools)
        try {
          const response = await connection.subgraph.execute(request, call.context)
          call.answered(isOk(response))
          return response
        } catch (failure) {
          return call.failed(failure)
        }
      },
      exchanges: name => find(name).subgraph.exchange !== undefined,
      exchange: (name, body, context, read) => {
        const connection = find(name)
        const { subgraph } = connection
        if (subgraph.exchange === undefined) throw new EnneadError('INTERNAL', `"${name}" takes no bytes`)
        const call = new ObservedCall(name, connection, context, this.#tools)
        return subgraph.exchange(body, call.context).then(
          answer => call.read(answer, read),
          (failure: unknown) => call.failed(failure),
        )
      },
      isFailure: (name, response) => find(name).subgraph.isFailure?.(response) === true,
      subscribe: (name, request, context) => find(name).subgraph.subscribe(request, traced(name, context)),
    }
  }

  health(): readonly SubgraphHealth[] {
    return [...this.#connections].map(([name, { state, detail }]) => ({ name, state, detail }))
  }

  async close(): Promise<void> {
    const all = [...this.#retired.flat(), ...[...this.#connections.values()].map(({ subgraph }) => subgraph)]
    await Promise.all(all.map(subgraph => subgraph.close()))
  }

  #connection(name: string, url: string): Connection {
    const known = this.#connections.get(name)
    if (known?.url === url) return known
    return { url, subgraph: this.#connect(name, url), state: 'unknown', detail: 'not asked yet' }
  }

  #adopt(own: ReadonlyMap<string, Connection>): void {
    const retired: Subgraph[] = []
    for (const [name, connection] of this.#connections) {
      if (own.get(name) === connection) continue
      this.#connections.delete(name)
      retired.push(connection.subgraph)
    }
    for (const [name, connection] of own) this.#connections.set(name, connection)
    if (retired.length === 0) return
    this.#retired.push(retired)
    const unused = this.#retired.length > retiredMax ? this.#retired.shift() : undefined
    for (const subgraph of unused ?? []) {
      subgraph.close().catch((failure: unknown) => {
        this.#tools.log.warn('subgraph.close', { subgraph: subgraph.name, failure })
      })
    }
  }

  async #letGo(own: ReadonlyMap<string, Connection>): Promise<void> {
    const unused = [...own].filter(([name, connection]) => this.#connections.get(name) !== connection)
    await Promise.all(unused.map(([, { subgraph }]) => subgraph.close()))
  }
}

/** How calls are told to whoever wants to know. */
export interface CallTools {
  readonly clock: Clock
  readonly log: Log
  readonly observe: ObserveGateway | undefined
}

/** Does an answer have no errors? */
function isOk({ errors }: SubgraphResponse): boolean {
  return errors === undefined || errors.length === 0
}

/**
 * Does an answer in bytes have no errors? Answered by one search through them; only where that finds the word, which may be
 * a field of the data as well, are they parsed. What is no JSON has no errors of its own: whoever reads it will fail.
 */
function areBytesOk(bytes: Buffer): boolean {
  if (!bytes.includes('"errors"')) return true
  try {
    return isOk(JSON.parse(bytes.toString()) as SubgraphResponse)
  } catch {
    return true
  }
}

/** A call whose outcome is told, and kept as the health of its subgraph. */
class ObservedCall {
  /** What is sent: with the headers of its trace. */
  readonly context: SubgraphContext
  readonly #name: string
  readonly #connection: Connection
  readonly #trace: SubgraphCallTrace | undefined
  readonly #tools: CallTools
  readonly #startedAt: number

  constructor(name: string, connection: Connection, context: SubgraphContext, tools: CallTools) {
    this.#name = name
    this.#connection = connection
    this.#trace = context.trace?.call(name)
    this.#tools = tools
    this.#startedAt = tools.clock.now()
    this.context = withHeaders(context, this.#trace)
  }

  answered(ok: boolean, tookMs = this.#tookMs): void {
    this.#tell(ok ? 'ok' : 'errors', tookMs)
    this.#connection.state = 'ok'
    this.#connection.detail = 'answered its last call'
  }

  /** Gives an answer in bytes to `read`. Throws what that throws. */
  read(answer: Buffer, read: (answer: Buffer) => void): void {
    // Looking at the answer is no time of the subgraph.
    const tookMs = this.#tookMs
    try {
      read(answer)
    } catch (failure) {
      this.answered(areBytesOk(answer), tookMs)
      throw failure
    }
    this.answered(true, tookMs)
  }

  /** Throws `failure`. */
  failed(failure: unknown): never {
    this.#tell(failure instanceof EnneadError ? failure.code : 'INTERNAL', this.#tookMs)
    const kind = kindOf(failure)
    if (kind !== 'cancelled' && kind !== 'caller' && kind !== 'expired') {
      this.#log(failure)
      this.#connection.state = 'failing'
      this.#connection.detail = failure instanceof EnneadError ? failure.code : 'its last call failed'
    }
    throw failure
  }

  /** Clients are told a code; why it is so is for operators, and once for all calls that fail alike. */
  #log(failure: unknown): void {
    const { clock, log } = this.#tools
    const now = clock.now()
    if (now - (this.#connection.toldAt ?? -Infinity) < toldMs) return
    this.#connection.toldAt = now
    log.warn('subgraph.failing', { requestId: this.context.requestId, subgraph: this.#name, failure })
  }

  get #tookMs(): number {
    return this.#tools.clock.now() - this.#startedAt
  }

  #tell(outcome: 'ok' | 'errors' | ErrorCode, tookMs: number): void {
    this.#trace?.end(outcome === 'ok' ? undefined : outcome)
    this.#tools.observe?.({ is: 'subgraphEnded', subgraph: this.#name, outcome, tookMs })
  }
}

/** A subscription's source is part of the trace; the stream itself is no span, since it may last for days. */
function traced(name: string, context: SubgraphContext): SubgraphContext {
  const call = context.trace?.call(name)
  call?.end(undefined)
  return withHeaders(context, call)
}

/** What is said of the trace wins over what a client may have sent under the same name. */
function withHeaders(context: SubgraphContext, call: SubgraphCallTrace | undefined): SubgraphContext {
  if (call === undefined || Object.keys(call.headers).length === 0) return context
  return { ...context, headers: { ...context.headers, ...call.headers } }
}
