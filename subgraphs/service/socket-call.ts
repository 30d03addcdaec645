import { type ExecutionArgs, GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql'
import type { ServerOptions, SubscribePayload } from 'graphql-ws'
import { systemClock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Hop } from '../../kernel/hop.ts'
import { digestOf, requireBody } from '../../kernel/hop-signer.ts'
import type { HopSigner } from '../../kernel/hop-signer.ts'
import { socketTarget } from '../../kernel/socket-target.ts'
import type { DocumentCache } from './documents.ts'
import { openHop } from './request-hop.ts'
import type { SubgraphAnswer, SubgraphOperation, SubgraphService } from './subgraph-service.ts'

export interface SocketCallOptions {
  readonly service: Pick<SubgraphService, 'execute' | 'subscribe'>
  readonly schema: GraphQLSchema
  readonly documents: DocumentCache
  readonly formatErrors: (errors: readonly GraphQLError[]) => readonly GraphQLFormattedError[]
  readonly signer: HopSigner
  /** The subgraph, as those who ask it call it. */
  readonly audience: string
  /** Operations that may run at once on one socket. */
  readonly operationsMax: number
  /** What a query over a socket has. Milliseconds. */
  readonly operationMs: number
}

/** Whose socket it is; the hop's signal aborts when the socket closes. */
export interface SocketCaller {
  readonly hop: Hop
}

/** Rides through graphql-ws as the context of an operation. */
class SocketCall {
  readonly operation: SubgraphOperation
  readonly hop: Hop

  constructor(operation: SubgraphOperation, hop: Hop) {
    this.operation = operation
    this.hop = hop
  }
}

/** Rides through graphql-ws as a result; its answer, in which errors have their final form, is what is sent. */
class SocketAnswer {
  readonly data = null
  readonly answer: SubgraphAnswer

  constructor(answer: SubgraphAnswer) {
    this.answer = answer
  }
}

/** The rules by which graphql-ws runs a socket's operations through the service. */
export function callServer(options: SocketCallOptions): ServerOptions<Record<string, unknown>, SocketCaller> {
  const { service, schema, documents, formatErrors, operationsMax, operationMs } = options
  return {
    onSubscribe(context, _id, payload) {
      if (Object.keys(context.subscriptions).length > operationsMax) {
        return [
          refusal(new EnneadError('OVERLOADED', `a socket carries at most ${operationsMax} operations`)),
        ]
      }
      const caller = operationHop(context.extra.hop, payload, options)
      if (caller instanceof GraphQLError) return [caller]
      return callArguments(
        schema,
        documents,
        {
          query: payload.query,
          ...(payload.variables ? { variables: payload.variables } : {}),
          ...(payload.operationName ? { operationName: payload.operationName } : {}),
        },
        caller,
      )
    },
    async execute({ contextValue }) {
      const { operation, hop } = callOf(contextValue)
      return new SocketAnswer(
        await withinTime(hop, Math.min(hop.remainingMs, operationMs), limited =>
          service.execute(operation, limited),
        ),
      )
    },
    subscribe({ contextValue }) {
      const { operation, hop } = callOf(contextValue)
      return new CarriedAnswers(service.subscribe(operation, hop))
    },
    onNext: (_context, _id, _payload, _args, result) =>
      result instanceof SocketAnswer ? result.answer : undefined,
    onError: (_context, _id, _payload, errors) => formatErrors(errors),
  }
}

/**
 * One socket may carry operations for many: one whose `extensions.hop` holds a hop's headers runs for that hop's
 * principal, every other one for the socket's. The hop is for this operation alone.
 */
function operationHop(
  socket: Hop,
  payload: SubscribePayload,
  { signer, audience }: SocketCallOptions,
): Hop | GraphQLError {
  const given = payload.extensions?.['hop']
  if (given === undefined) return socket
  try {
    const { body, ...target } = socketTarget(audience, payload)
    const { hop, end, bodyDigest } = openHop(headersOf(given), target, { signer, remainingMsMax: Infinity })
    end()
    requireBody({ bodyDigest }, digestOf(body))
    return { ...hop, signal: socket.signal }
  } catch (failure) {
    if (failure instanceof EnneadError) return refusal(failure)
    throw failure
  }
}

function headersOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

function refusal(failure: EnneadError): GraphQLError {
  return new GraphQLError(failure.message, { originalError: failure })
}

function callArguments(
  schema: GraphQLSchema,
  documents: DocumentCache,
  operation: SubgraphOperation,
  hop: Hop,
): ExecutionArgs | readonly GraphQLError[] {
  const prepared = documents.prepare(schema, operation.query, operation.operationName)
  if (prepared.is === 'refused') return prepared.errors
  return {
    schema,
    document: prepared.document,
    operationName: operation.operationName ?? null,
    contextValue: new SocketCall(operation, hop),
  }
}

function callOf(value: unknown): SocketCall {
  if (value instanceof SocketCall) return value
  throw new EnneadError('INTERNAL', 'an operation of a socket lost its call')
}

/** Runs with a hop that also ends after `ms`. */
async function withinTime(
  hop: Hop,
  ms: number,
  run: (limited: Hop) => Promise<SubgraphAnswer>,
): Promise<SubgraphAnswer> {
  const controller = new AbortController()
  const leave = (): void => controller.abort(hop.signal.reason)
  hop.signal.addEventListener('abort', leave, { once: true })
  const timer = systemClock.after(ms, () =>
    controller.abort(new EnneadError('DEADLINE_EXCEEDED', `the operation took longer than ${ms} ms`)),
  )
  try {
    return await run({ ...hop, remainingMs: ms, signal: controller.signal })
  } catch (failure) {
    if (!(failure instanceof EnneadError)) throw failure
    return { errors: [{ message: failure.message, extensions: { ...failure.facts, code: failure.code } }] }
  } finally {
    timer.cancel()
    hop.signal.removeEventListener('abort', leave)
  }
}

/** `answers`, each wrapped; leaving it leaves them. */
class CarriedAnswers implements AsyncIterableIterator<SocketAnswer, void> {
  readonly #answers: AsyncIterableIterator<SubgraphAnswer>

  constructor(answers: AsyncIterableIterator<SubgraphAnswer>) {
    this.#answers = answers
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<SocketAnswer, void>> {
    const result = await this.#answers.next()
    if (result.done === true) return { done: true, value: undefined }
    return { done: false, value: new SocketAnswer(result.value) }
  }

  async return(): Promise<IteratorResult<SocketAnswer, void>> {
    await this.#answers.return?.()
    return { done: true, value: undefined }
  }
}
