import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerText } from '../admission/answer-text.ts'
import type { DoorOptions } from '../admission/door-options.ts'
import { forwarded } from '../admission/forwarded-headers.ts'
import { namesDocument, requestFromBody, requestFromParameters } from '../admission/graphql-request.ts'
import type { DoorRequest } from '../admission/graphql-request.ts'
import { rateLimitHeaders, shown } from '../admission/rate-limits.ts'
import type { RateState } from '../admission/rate-limits.ts'
import { refuseForgery } from '../admission/origin-policy.ts'
import { errorsOf, refusedAnswer } from '../admission/refusal.ts'
import { RequestBudget } from '../admission/request-budget.ts'
import { answerWithin, contextOf, grantTime } from '../admission/run-operation.ts'
import { asksSheddable } from '../admission/request-priority.ts'
import { untilAborted } from '../admission/until-aborted.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { GraphQLAnswer, PreparedOperation } from '../engine.ts'
import { outcomeOf } from '../gateway-events.ts'
import { clientNameOf } from '../recording/client-name.ts'
import { beginTrace } from '../tracing.ts'
import type { RequestTrace } from '../tracing.ts'
import { answerStatus } from './answer-status.ts'
import { answerTypes, contentType, preferredType } from './media-types.ts'
import type { AnswerType } from './media-types.ts'
import { reply, replyUnread } from './reply.ts'
import { readBody } from './request-body.ts'

/** Answers one request to /graphql; never rejects. */
export type GraphQLHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  search: string,
) => Promise<void>

/** What is known of a request when it is answered, for its log line. */
interface Outcome {
  readonly answer: GraphQLAnswer
  readonly operation: PreparedOperation | undefined
  /** The body was not read to its end. */
  readonly unread: boolean
  /** What is left of each limit of rate. */
  readonly rates: readonly RateState[]
}

/** GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/) in front of the engine. */
export function graphqlHandler(options: DoorOptions): GraphQLHandler {
  const { log, clock } = options
  return async (request, response, requestId, search) => {
    const startedAt = clock.now()
    const trace = beginTrace(request.headers, 'graphql request')
    const accepted = preferredType(request.headers.accept, answerTypes)
    const type = accepted ?? 'application/json'
    const outcome = await answer(options, { request, response, requestId, search, accepted, trace })
    const { text, answer: told } = serialised(outcome.answer, options.limits.answerBytesMax, log)
    const status = answerStatus(told, type)
    const headers = { ...answerHeaders(told, status), ...rateLimitHeaders(outcome.rates) }
    if (outcome.unread) replyUnread(request, response, status, type, text, headers)
    else reply(response, status, type, text, headers)
    const { traceId } = trace
    const answered = { request, requestId, traceId, status, text, ms: clock.now() - startedAt }
    logOutcome(log, answered, { ...outcome, answer: told })
    trace.end(outcomeOf(told), { 'http.response.status_code': status })
    options.observe?.({
      is: 'operationEnded',
      door: 'http',
      kind: outcome.operation?.kind,
      outcome: outcomeOf(told),
      codes: told.errors?.map(error => error.extensions.code) ?? [],
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
  readonly trace: RequestTrace
}

async function answer(options: DoorOptions, asked: Asked): Promise<Outcome> {
  const { request, response, requestId } = asked
  const { limits, log, clock } = options
  const rates: RateState[] = []
  const progress: { operation?: PreparedOperation } = {}
  try {
    await options.rates?.request({ address: request.socket.remoteAddress, principal: undefined }, rates)
    const graphql = await readRequest(options, asked)
    // Its time begins when the request is here: a slow uplink is bounded by the server's own limits.
    const budget = new RequestBudget(clock, limits.requestTimeoutMs)
    const left = (): void => budget.cancel()
    response.once('close', left)
    try {
      const answer = await run(options, asked, graphql, budget, progress, rates)
      return { answer: withRates(answer, rates), operation: progress.operation, unread: false, rates }
    } finally {
      response.off('close', left)
      budget.end()
    }
  } catch (failure) {
    const errors = errorsOf(failure, log.with({ requestId }))
    const unread = request.method === 'POST' && !request.complete
    return { answer: refusedAnswer(errors), operation: progress.operation, unread, rates }
  }
}

async function run(
  options: DoorOptions,
  { request, requestId, trace }: Asked,
  graphql: DoorRequest,
  budget: RequestBudget,
  progress: { operation?: PreparedOperation },
  rates: RateState[],
): Promise<GraphQLAnswer> {
  const { engine, identity, limits, admission } = options
  const principal = await identity?.principalOf(request.headers.authorization, budget.signal, requestId)
  const operation = await untilAborted(engine.prepare(graphql, principal), budget.signal)
  progress.operation = operation
  refuseWrongDoor(operation, request.method)
  options.record?.(operation, clientNameOf(request.headers))
  // A store that strangers can fill is one they can flush.
  if (identity === undefined || principal !== undefined) graphql.register?.()
  grantTime(operation, budget, limits.mutationTimeoutMs)
  const caller = {
    principal,
    headers: forwarded(options.forwardHeaders, request.headers),
    userAgent: request.headers['user-agent'],
    address: request.socket.remoteAddress,
    sheddable: asksSheddable(request.headers),
  }
  await options.rates?.operation(caller, operation, rates)
  const ask = { operation, query: graphql.query, sheddable: caller.sheddable }
  return admission.run(ask, budget, () =>
    answerWithin(engine, operation, contextOf(caller, requestId, budget, trace)),
  )
}

/** Everything that can be refused without the engine, cheapest first. */
async function readRequest(options: DoorOptions, asked: Asked): Promise<DoorRequest> {
  const { request, search, accepted } = asked
  const { method = '', headers } = request
  if (method !== 'GET' && method !== 'POST') {
    throw new EnneadError('METHOD_NOT_ALLOWED', 'use POST, or GET for queries')
  }
  if (accepted === undefined) {
    throw new EnneadError('NOT_ACCEPTABLE', `answers are ${answerTypes.join(' or ')}`)
  }
  refuseForgery(method, headers, options.origins)
  const glance = (text: string): void => {
    // Which document it is, and how important, is not in the text then.
    if (!namesDocument.test(text))
      options.admission.glance(text, asksSheddable(headers), options.limits.requestTimeoutMs)
  }
  if (method === 'GET') {
    glance(search)
    return requestFromParameters(new URLSearchParams(search), options.documents)
  }
  checkBodyType(request)
  const text = await readBody(request, options.limits.bodyBytesMax)
  glance(text)
  return requestFromBody(parseJson(text), options.documents)
}

/** What every web page can send to us unasked is refused with 400, what is merely not supported with 415. */
const simpleTypes = new Set(['', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])

function checkBodyType({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new EnneadError('UNSUPPORTED_MEDIA_TYPE', 'compressed bodies are not accepted')
  }
  const { type, charset } = contentType(headers['content-type'])
  if (type === 'multipart/form-data') {
    throw new EnneadError('BAD_REQUEST', 'file uploads are not accepted, send application/json')
  }
  if (simpleTypes.has(type)) {
    throw new EnneadError('BAD_REQUEST', 'the content type must be application/json')
  }
  if (type !== 'application/json') {
    throw new EnneadError('UNSUPPORTED_MEDIA_TYPE', 'the content type must be application/json')
  }
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    throw new EnneadError('UNSUPPORTED_MEDIA_TYPE', 'the charset must be utf-8')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new EnneadError('BAD_REQUEST', 'the body must be JSON', { cause })
  }
}

function refuseWrongDoor(operation: PreparedOperation, method: string | undefined): void {
  if (operation.kind === 'subscription') {
    throw new EnneadError(
      'BAD_REQUEST',
      'subscriptions need a WebSocket (graphql-transport-ws) at this address',
    )
  }
  if (method === 'GET' && operation.kind !== 'query') {
    throw new EnneadError('METHOD_NOT_ALLOWED', `a ${operation.kind} must be sent by POST`)
  }
}

function withRates(answer: GraphQLAnswer, rates: readonly RateState[]): GraphQLAnswer {
  if (rates.length === 0) return answer
  return { ...answer, extensions: { ...answer.extensions, rateLimit: shown(rates) } }
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
  if (status === 401 && answer.data === undefined) {
    headers['www-authenticate'] = 'Bearer realm="ennead", error="invalid_token"'
  }
  return headers
}

/** The answer and its text; a refusal in its place when it cannot be written or is too large. */
function serialised(
  answer: GraphQLAnswer,
  bytesMax: number,
  log: Log,
): { readonly answer: GraphQLAnswer; readonly text: string } {
  try {
    return { answer, text: answerText(answer, bytesMax) }
  } catch (failure) {
    const refusal = refusedAnswer(errorsOf(failure, log))
    return { answer: refusal, text: JSON.stringify(refusal) }
  }
}

interface Answered {
  readonly request: IncomingMessage
  readonly requestId: string
  readonly traceId: string | undefined
  readonly status: number
  readonly text: string
  readonly ms: number
}

function logOutcome(log: Log, answered: Answered, { answer, operation }: Outcome): void {
  const { request, requestId, traceId, status, text, ms } = answered
  const codes = answer.errors?.map(error => error.extensions.code)
  const facts = {
    requestId,
    traceId,
    method: request.method,
    status,
    kind: operation?.kind,
    operation: operation?.name,
    ms: Math.round(ms * 10) / 10,
    bytes: text.length,
    codes,
  }
  // Refusals are counted by admission: under overload, a line for each would be load as well.
  if (status >= 500 && codes?.[0] !== 'OVERLOADED') log.warn('http.request', facts)
  else log.debug('http.request', facts)
}
