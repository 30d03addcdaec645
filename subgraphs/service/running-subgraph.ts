import type { ApolloServer } from '@apollo/server'
import type { FastifyInstance } from 'fastify'
import {
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  createSourceEventStream,
  execute,
} from 'graphql'
import { type Timer, systemClock } from '../../kernel/clock.ts'
import { withMarks } from '../../kernel/degradation.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { DomainHealth } from '../../kernel/health.ts'
import type { Hop } from '../../kernel/hop.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import type { Log } from '../../kernel/log.ts'
import type { Sight } from '../../kernel/sightings/sighting.ts'
import type { CertificateHealth } from '../../kernel/tls/certificate-health.ts'
import type { ErrorFormat } from './answer-errors.ts'
import { AnswerStream, type EventSource } from './answer-stream.ts'
import type { DegradationNotes } from './degradation-notes.ts'
import type { DocumentCache } from './documents.ts'
import { type ServiceDoor, httpDoor } from './http-door.ts'
import { listenAt } from './listen-address.ts'
import { requireUnexpired } from './request-hop.ts'
import type { ServiceTls } from './tls-door.ts'
import { type SocketDoor, socketDoor } from './socket-door.ts'
import type { SubgraphLimits } from './subgraph-limits.ts'
import type { ListenAddress, SubgraphAnswer, SubgraphOperation, SubgraphService } from './subgraph-service.ts'
import { unlessAborted } from './unless-aborted.ts'

/** What every request's context has. */
interface RequestContext {
  readonly hop: Hop
  readonly notes: DegradationNotes
}

export interface SubgraphParts<Context extends RequestContext> {
  readonly name: string
  readonly schema: GraphQLSchema
  readonly documents: DocumentCache
  readonly formatError: ErrorFormat
  readonly apollo: ApolloServer<Context>
  readonly contextOf: (hop: Hop) => Context
  readonly health: () => DomainHealth
  readonly routes: ((server: FastifyInstance, door: ServiceDoor) => void) | undefined
  readonly signer: HopSigner | undefined
  readonly sight: Sight | undefined
  readonly log: Log
  readonly limits: SubgraphLimits
}

const drainMsDefault = 5_000
/** Timers of Node cannot wait longer. Milliseconds. */
const timerMsMax = 2 ** 31 - 1

/** A subgraph at work; see SubgraphService for what it promises. */
export class RunningSubgraph<Context extends RequestContext> implements SubgraphService {
  readonly name: string
  readonly #parts: SubgraphParts<Context>
  readonly #started: Promise<void>
  readonly #running = new Set<Promise<unknown>>()
  readonly #streams = new Set<AnswerStream>()
  #doors: { readonly http: FastifyInstance; readonly sockets: SocketDoor } | undefined
  #closed: Promise<void> | undefined

  constructor(parts: SubgraphParts<Context>) {
    this.name = parts.name
    this.#parts = parts
    this.#started = parts.apollo.start()
    // Whoever uses the service gets the failure; until then it is nobody's unhandled rejection.
    this.#started.catch(() => undefined)
  }

  async execute(operation: SubgraphOperation, hop: Hop): Promise<SubgraphAnswer> {
    if (this.#closed !== undefined) throw this.#closing()
    const run = this.#run(operation, hop)
    this.#running.add(run)
    run.catch(() => undefined).finally(() => this.#running.delete(run))
    return unlessAborted(run, hop.signal)
  }

  subscribe(operation: SubgraphOperation, hop: Hop): AsyncIterableIterator<SubgraphAnswer> {
    if (this.#closed !== undefined) throw this.#closing()
    const left = new AbortController()
    const leave = (): void => void stream.return()
    const expiry: Timer | undefined = this.#atExpiry(hop, answer => stream.endWith(answer))
    const ownHop: Hop = { ...hop, remainingMs: this.#parts.limits.operationMs, signal: left.signal }
    const stream = new AnswerStream({
      open: () => this.#open(operation, ownHop),
      answer: event => this.#answer(operation, ownHop, event),
      failed: failure => ({ errors: this.#format([asGraphQLError(failure)]) }),
      ended: () => {
        expiry?.cancel()
        hop.signal.removeEventListener('abort', leave)
        this.#streams.delete(stream)
        left.abort(new EnneadError('CANCELLED', 'the caller left'))
      },
    })
    this.#streams.add(stream)
    hop.signal.addEventListener('abort', leave, { once: true })
    if (hop.signal.aborted) leave()
    return stream
  }

  health(): DomainHealth {
    const now = this.#parts.health()
    return this.#closed === undefined ? now : { ...now, ready: false }
  }

  async listen(address: ListenAddress, tls?: ServiceTls): Promise<ListenAddress> {
    const { signer, sight, log, limits, apollo, contextOf, routes, schema, documents } = this.#parts
    if (signer === undefined) {
      throw new EnneadError('BAD_OPTION', `subgraph "${this.name}" needs a hop signer to listen`)
    }
    if (this.#doors !== undefined) {
      throw new EnneadError('BAD_OPTION', `subgraph "${this.name}" listens already`)
    }
    if (this.#closed !== undefined) throw this.#closing()
    await this.#started
    const http = httpDoor({
      apollo,
      contextOf,
      signer,
      audience: this.name,
      sight,
      routes,
      log,
      ...limits,
      health: () => withCertificate(this.health(), tls?.tls.health()),
      tls,
    })
    const formatErrors = (errors: readonly GraphQLError[]): readonly GraphQLFormattedError[] =>
      this.#format(errors)
    const sockets = socketDoor(http.server, {
      service: this,
      schema,
      documents,
      formatErrors,
      signer,
      audience: this.name,
      sight,
      log,
      ...limits,
      messageBytesMax: limits.bodyBytesMax,
      tls,
    })
    this.#doors = { http, sockets }
    try {
      return await listenAt(http, address)
    } catch (failure) {
      this.#doors = undefined
      await http.close()
      throw failure
    }
  }

  close(drainMs: number = drainMsDefault): Promise<void> {
    this.#closed ??= this.#close(drainMs)
    return this.#closed
  }

  async #close(drainMs: number): Promise<void> {
    const { apollo } = this.#parts
    const doors = this.#doors
    // Streams have no end of their own; those who follow them resume elsewhere.
    for (const stream of this.#streams) void stream.return()
    const force = setTimeout(() => doors?.http.server.closeAllConnections(), drainMs)
    await doors?.sockets.close(drainMs)
    await doors?.http.close()
    clearTimeout(force)
    await settledWithin([...this.#running], drainMs)
    await this.#started
    await apollo.stop()
  }

  async #run(operation: SubgraphOperation, hop: Hop): Promise<SubgraphAnswer> {
    const { apollo, contextOf } = this.#parts
    let contextValue: Context
    try {
      requireUnexpired(hop, systemClock.wall())
      contextValue = contextOf(hop)
    } catch (failure) {
      return { errors: this.#format([asGraphQLError(failure)]) }
    }
    await this.#started
    const { body } = await apollo.executeOperation(
      { ...operation, variables: { ...operation.variables } },
      { contextValue },
    )
    if (body.kind === 'single') return plainAnswer(body.singleResult)
    throw new EnneadError('INTERNAL', 'a subgraph answered in parts')
  }

  async #open(operation: SubgraphOperation, hop: Hop): Promise<EventSource> {
    const { schema, documents, contextOf } = this.#parts
    try {
      requireUnexpired(hop, systemClock.wall())
      const prepared = documents.prepare(schema, operation.query, operation.operationName)
      if (prepared.is === 'refused') return this.#refused(prepared.errors)
      const events = await createSourceEventStream({
        schema,
        document: prepared.document,
        contextValue: contextOf(hop),
        variableValues: operation.variables ?? null,
        operationName: operation.operationName ?? null,
      })
      if (Symbol.asyncIterator in events) return { is: 'events', events }
      return this.#refused(events.errors ?? [new GraphQLError('the subscription did not begin')])
    } catch (failure) {
      return this.#refused([asGraphQLError(failure)])
    }
  }

  async #answer(operation: SubgraphOperation, hop: Hop, rootValue: unknown): Promise<SubgraphAnswer> {
    const { schema, documents, contextOf } = this.#parts
    const prepared = documents.prepare(schema, operation.query, operation.operationName)
    if (prepared.is === 'refused') return { errors: this.#format(prepared.errors) }
    const contextValue = contextOf(hop)
    const { errors, ...result } = await execute({
      schema,
      document: prepared.document,
      rootValue,
      contextValue,
      variableValues: operation.variables ?? null,
      operationName: operation.operationName ?? null,
    })
    const extensions = withMarks(result.extensions, contextValue.notes.list())
    return {
      ...plainAnswer(result),
      ...(extensions === undefined ? {} : { extensions }),
      ...(errors ? { errors: this.#format(errors) } : {}),
    }
  }

  #refused(errors: readonly GraphQLError[]): EventSource {
    return { is: 'refused', answer: { errors: this.#format(errors) } }
  }

  #format(errors: readonly GraphQLError[]): readonly GraphQLFormattedError[] {
    return errors.map(error => {
      const formatted = error.toJSON()
      const ofVariable = error.path === undefined && error.message.startsWith('Variable "')
      const code = ofVariable ? { code: 'BAD_USER_INPUT' } : {}
      return this.#parts.formatError(
        { ...formatted, extensions: { ...code, ...formatted.extensions } },
        error,
      )
    })
  }

  /** Says so when the principal's trust ends during a stream. */
  #atExpiry({ principal }: Hop, end: (answer: SubgraphAnswer) => void): Timer | undefined {
    if (principal?.kind !== 'actor') return undefined
    const restMs = principal.expiresAt * 1000 - systemClock.wall()
    // A sign-in that outlives the longest timer outlives the stream.
    if (restMs > timerMsMax) return undefined
    return systemClock.after(Math.max(0, restMs), () => {
      const failure = new EnneadError('UNAUTHENTICATED', 'the sign-in has ended; sign in again')
      end({ errors: this.#format([asGraphQLError(failure)]) })
    })
  }

  #closing(): EnneadError {
    return new EnneadError('UNAVAILABLE', `subgraph "${this.name}" is shutting down`)
  }
}

/** Nobody can connect to a door whose certificate has expired. */
function withCertificate(health: DomainHealth, certificate: CertificateHealth | undefined): DomainHealth {
  if (certificate === undefined) return health
  return { ...health, ready: health.ready && certificate.state !== 'expired', certificate }
}

function asGraphQLError(failure: unknown): GraphQLError {
  if (failure instanceof GraphQLError) return failure
  const original = failure instanceof Error ? failure : new Error(String(failure))
  return new GraphQLError(original.message, { originalError: original })
}

function plainAnswer(result: {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly GraphQLFormattedError[]
  readonly extensions?: Readonly<Record<string, unknown>>
}): SubgraphAnswer {
  return {
    ...(result.data === undefined ? {} : { data: result.data }),
    ...(result.errors === undefined ? {} : { errors: result.errors }),
    ...(result.extensions === undefined ? {} : { extensions: result.extensions }),
  }
}

async function settledWithin(running: readonly Promise<unknown>[], ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([Promise.allSettled(running), late])
  clearTimeout(timer)
}
