import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerWire, wireText } from '../admission/answer-text.ts'
import type { WireText } from '../admission/answer-text.ts'
import type { DoorOptions } from '../admission/door-options.ts'
import { forwarded } from '../admission/forwarded-headers.ts'
import type { DoorRequest } from '../admission/graphql-request.ts'
import { rateLimitHeaders, shown } from '../admission/rate-limits.ts'
import type { RateState } from '../admission/rate-limits.ts'
import { errorsOf, refusedAnswer } from '../admission/refusal.ts'
import { RequestBudget } from '../admission/request-budget.ts'
import { answerWithin, contextOf, grantTime } from '../admission/run-operation.ts'
import { sightRefusals } from '../admission/sight-refusals.ts'
import { asksSheddable } from '../admission/request-priority.ts'
import { untilAborted } from '../../kernel/until-aborted.ts'
import { consistencyOf } from '../../kernel/consistency.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { ClientPrincipal } from '../../kernel/principal.ts'
import type { GraphQLAnswer, PreparedOperation } from '../engine.ts'
import { extended } from '../execution/compiled/spliced-answer.ts'
import { outcomeOf } from '../gateway-events.ts'
import { clientNameOf } from '../recording/client-name.ts'
import { beginTrace } from '../tracing.ts'
import type { RequestTrace } from '../tracing.ts'
import type { HttpStreams } from '../realtime/http-streams.ts'
import { streamFormatOf } from '../realtime/stream-format.ts'
import type { StreamFormat } from '../realtime/stream-format.ts'
import { answerStatus } from './answer-status.ts'
import { respondIncrementally } from './incremental-response.ts'
import { answerTypes, preferredType, takesParts } from './media-types.ts'
import type { AnswerType } from './media-types.ts'
import { logOutcome, logStream } from './outcome.ts'
import type { Outcome } from './outcome.ts'
import { parseRequest, readText } from './read-request.ts'
import { reply, replyUnread } from './reply.ts'
import { SharedAnswers } from './shared-answers.ts'
import type { Flight, SameRequests } from './shared-answers.ts'

/** Answers one request to /graphql; never rejects. */
export type GraphQLHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  search: string,
) => Promise<void>

/** GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/) in front of the engine. */
export function graphqlHandler(options: DoorOptions, streams: HttpStreams): GraphQLHandler {
  const { log, clock } = options
  const shared = new SharedAnswers(options)
  return async (request, response, requestId, search) => {
    const startedAt = clock.now()
    const trace = beginTrace(request.headers, 'graphql request')
    const accepted = preferredType(request.headers.accept, answerTypes)
    const format = streamFormatOf(request.headers.accept)
    // Who only takes streams is told by the status why there is none.
    const type = accepted ?? (format === undefined ? 'application/json' : 'application/graphql-response+json')
    const inParts = takesParts(request.headers.accept)
    const asked = { request, response, requestId, search, accepted, format, inParts, trace }
    const outcome = await answer(options, streams, shared, asked)
    const written = outcome.landed ?? serialised(outcome.answer, options.limits.answerBytesMax, log)
    const { answer: told } = written
    const wire = landed(outcome, written) ?? written.wire
    const status = answerStatus(told, type)
    const headers = { ...answerHeaders(told, status), ...rateLimitHeaders(outcome.rates) }
    if (response.headersSent) logStream(log, { request, requestId, ms: clock.now() - startedAt }, outcome)
    else if (outcome.unread) replyUnread(request, response, status, type, wire, headers)
    else reply(response, status, type, wire, headers)
    const { traceId } = trace
    const answered = { request, requestId, traceId, status, bytes: wire.bytes, ms: clock.now() - startedAt }
    if (outcome.operation?.kind !== 'subscription') logOutcome(log, answered, { ...outcome, answer: told })
    const codes = told.errors?.map(error => error.extensions.code)
    sightRefusals(options.sight, codes, {
      principal: outcome.principal,
      address: request.socket.remoteAddress,
      credential: request.headers.authorization !== undefined,
    })
    trace.end(outcomeOf(told), { 'http.response.status_code': status })
    options.observe?.({
      is: 'operationEnded',
      door: 'http',
      kind: outcome.operation?.kind,
      outcome: outcomeOf(told),
      codes: codes ?? [],
      request: { method: request.method ?? '', status },
      tookMs: answered.ms,
    })
  }
}

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  readonly search: string
  readonly accepted: AnswerType | undefined
  /** How it would take a subscription. */
  readonly format: StreamFormat | undefined
  /** It takes an answer in parts. */
  readonly inParts: boolean
  readonly trace: RequestTrace
}

/** What is known of a request as it goes on. */
interface Progress {
  operation?: PreparedOperation
  principal?: ClientPrincipal | undefined
  flight?: Flight | undefined
  /** Undefined: this request is like no other. */
  same?: SameRequests | undefined
}

async function answer(
  options: DoorOptions,
  streams: HttpStreams,
  shared: SharedAnswers,
  asked: Asked,
): Promise<Outcome> {
  const { request, response, requestId } = asked
  const { limits, log, clock } = options
  const rates: RateState[] = []
  const progress: Progress = {}
  try {
    await options.rates?.request({ address: request.socket.remoteAddress, principal: undefined }, rates)
    const allowed = request.method === 'GET' || request.method === 'POST'
    if (allowed && asked.accepted === undefined && asked.format === undefined && !asked.inParts) {
      throw new EnneadError('NOT_ACCEPTABLE', `answers are ${answerTypes.join(' or ')}`)
    }
    const text = await readText(options, request, asked.search)
    const hereAt = clock.now()
    // A trace is of one request.
    const like = asked.accepted !== undefined && asked.trace.traceId === undefined
    progress.same = like ? shared.same(request, text.text) : undefined
    const landed = progress.same && (await shared.find(progress.same))
    if (landed !== undefined) {
      const { answer, operation } = landed
      options.observe?.({ is: 'queryShared' })
      options.record?.(operation, clientNameOf(request.headers))
      return { answer, operation, unread: false, rates, landed }
    }
    const graphql = parseRequest(options, text)
    // Its time begins when the request is here: a slow uplink is bounded by the server's own limits.
    const budget = new RequestBudget(clock, limits.requestTimeoutMs, hereAt)
    const left = (): void => budget.cancel()
    response.once('close', left)
    try {
      const answer = await run(options, streams, shared, asked, graphql, budget, progress, rates)
      return {
        ...progress,
        operation: progress.operation,
        answer: withRates(answer, rates),
        unread: false,
        rates,
      }
    } finally {
      response.off('close', left)
      budget.end()
    }
  } catch (failure) {
    const errors = errorsOf(failure, log.with({ requestId }))
    const unread = request.method === 'POST' && !request.complete
    return { ...progress, operation: progress.operation, answer: refusedAnswer(errors), unread, rates }
  }
}

async function run(
  options: DoorOptions,
  streams: HttpStreams,
  shared: SharedAnswers,
  asked: Asked,
  graphql: DoorRequest,
  budget: RequestBudget,
  progress: Progress,
  rates: RateState[],
): Promise<GraphQLAnswer> {
  const { request, response, requestId, format, trace } = asked
  const { engine, identity, limits, admission } = options
  const principal = await identity?.principalOf(request.headers.authorization, budget.signal, requestId)
  progress.principal = principal
  const asking = asked.inParts ? { ...graphql, incremental: true } : graphql
  const operation = await untilAborted(engine.prepare(asking, principal), budget.signal)
  progress.operation = operation
  progress.flight = progress.same && shared.begin(progress.same, operation)
  refuseWrongDoor(operation, asked)
  options.record?.(operation, clientNameOf(request.headers))
  // A store that strangers can fill is one they can flush.
  if (identity === undefined || principal !== undefined) graphql.register?.()
  grantTime(operation, budget, limits)
  const caller = {
    principal,
    headers: forwarded(options.forwardHeaders, request.headers),
    userAgent: request.headers['user-agent'],
    address: request.socket.remoteAddress,
    sheddable: asksSheddable(request.headers),
  }
  const consistency = consistencyOf(request.headers) ?? graphql.consistency
  await options.rates?.operation(caller, operation, rates)
  const ask = { operation, query: graphql.query, sheddable: caller.sheddable }
  if (operation.kind === 'subscription' && format !== undefined) {
    admission.check(ask)
    // A subscription has no end of time; only its events have.
    budget.end()
    const end = await streams.run({ request, response, requestId, format, operation, asked: graphql, caller })
    return 'errors' in end ? { data: null, errors: end.errors } : { data: {} }
  }
  if (operation.incremental === true) {
    return admission.run(ask, budget, () => {
      const context = contextOf(caller, requestId, budget, trace, consistency)
      // The first answer keeps its time; what is deferred has its own.
      budget.extendTo(budget.elapsedMs + context.remainingMs + limits.deferTimeoutMs)
      return respondIncrementally(engine.executeIncrementally(operation, context, limits.deferTimeoutMs), {
        response,
        answerBytesMax: limits.answerBytesMax,
        decorate: answer => withRates(answer, rates),
        headers: rateLimitHeaders(rates),
        signal: budget.signal,
        log: options.log.with({ requestId }),
      })
    })
  }
  const answered = (): Promise<GraphQLAnswer> =>
    answerWithin(engine, operation, contextOf(caller, requestId, budget, trace, consistency))
  if (operation.waitMs === undefined) return admission.run(ask, budget, answered)
  // One that waits is like a stream: it would only keep a place from others.
  admission.check(ask)
  return streams.hold(caller, answered)
}

function refuseWrongDoor(
  operation: PreparedOperation,
  { request: { method }, accepted, format, inParts }: Asked,
): void {
  if (operation.kind === 'subscription') {
    if (format !== undefined) return
    throw new EnneadError(
      'BAD_REQUEST',
      'subscriptions need a WebSocket (graphql-transport-ws) at this address, or "accept: text/event-stream"',
    )
  }
  if (accepted === undefined && !(inParts && operation.incremental === true)) {
    throw new EnneadError('NOT_ACCEPTABLE', `answers to a ${operation.kind} are ${answerTypes.join(' or ')}`)
  }
  if (method === 'GET' && operation.kind !== 'query') {
    throw new EnneadError('METHOD_NOT_ALLOWED', `a ${operation.kind} must be sent by POST`)
  }
}

function withRates(answer: GraphQLAnswer, rates: readonly RateState[]): GraphQLAnswer {
  if (rates.length === 0) return answer
  return extended(answer, { rateLimit: shown(rates) })
}

/** Gives the answer to those who wait for it. Undefined: nobody could. */
function landed(
  { flight, operation }: Outcome,
  { answer, wire }: { readonly answer: GraphQLAnswer; readonly wire: WireText },
): WireText | undefined {
  return flight?.land(operation && { operation, answer, wire })
}

/** Retry-After of refusals that pass by themselves, whole seconds; what the first error says of it is rounded up. */
function retryAfter({ errors }: GraphQLAnswer): string {
  const ms = errors?.[0]?.extensions['retryAfterMs']
  return typeof ms === 'number' ? String(Math.max(1, Math.ceil(ms / 1000))) : '1'
}

function answerHeaders(answer: GraphQLAnswer, status: number): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'cache-control': 'no-store' }
  if (status === 405) headers['allow'] = 'GET, POST, OPTIONS'
  if (status === 503 || status === 429) headers['retry-after'] = retryAfter(answer)
  if (status === 401) {
    headers['www-authenticate'] = 'Bearer realm="ennead", error="invalid_token"'
  }
  return headers
}

/** The answer and its text; a refusal in its place when it cannot be written or is too large. */
function serialised(
  answer: GraphQLAnswer,
  bytesMax: number,
  log: Log,
): { readonly answer: GraphQLAnswer; readonly wire: WireText } {
  try {
    return { answer, wire: answerWire(answer, bytesMax) }
  } catch (failure) {
    const refusal = refusedAnswer(errorsOf(failure, log))
    return { answer: refusal, wire: wireText(JSON.stringify(refusal)) }
  }
}
