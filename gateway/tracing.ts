import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api'
import type { Context, Span, SpanContext } from '@opentelemetry/api'
import type { IncomingHttpHeaders } from 'node:http'

/**
 * The trace that a request is part of. Without an OpenTelemetry SDK in the process a client's trace context is handed on
 * to subgraphs as it came; with one (registered by `node --import`), requests and subgraph calls are spans.
 */
export interface RequestTrace {
  /** 32 hexadecimal digits, for log lines; undefined: the request is part of no trace. */
  readonly traceId: string | undefined
  /** Begins a call to a subgraph. */
  call(subgraph: string): SubgraphCallTrace
  /** Ends the request's span. */
  end(outcome: string, facts: Readonly<Record<string, string | number>>): void
}

export interface SubgraphCallTrace {
  /** What the subgraph is sent; empty without a trace. */
  readonly headers: Readonly<Record<string, string>>
  /** @param failure What went wrong, a code; undefined when all is well. */
  end(failure: string | undefined): void
}

const tracerName = 'ennead'
/** W3C Trace Context, section 3.2: version, trace id, parent id, flags; later versions may have more behind. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/
/** A list of that many characters is more than any vendor may rely on being kept. */
const tracestateLengthMax = 512

/** The headers that say what trace a request is part of. */
export function traceHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const names = ['traceparent', 'tracestate', ...propagation.fields()]
  if (names.every(name => headers[name] === undefined)) return noHeaders
  return Object.fromEntries(
    names.flatMap(name => (headers[name] === undefined ? [] : [[name, headers[name]]])),
  )
}

const noHeaders: IncomingHttpHeaders = {}

/** Begins the span of a request to this gateway, below what the client says is its own. */
export function beginTrace(headers: IncomingHttpHeaders, name: string): RequestTrace {
  const parent = parentOf(headers)
  const span = trace.getTracer(tracerName).startSpan(name, { kind: SpanKind.SERVER }, parent)
  const own = span.spanContext()
  if (!isSpanContextValid(own)) return untraced
  const state = ownState(headers)
  const active = trace.setSpan(parent, span)
  return {
    traceId: own.traceId,
    call: subgraph => beginCall(subgraph, active, state),
    end(outcome, facts) {
      span.setAttributes({ ...facts, 'graphql.outcome': outcome })
      if (outcome !== 'ok') span.setStatus({ code: SpanStatusCode.ERROR, message: outcome })
      span.end()
    },
  }
}

function beginCall(subgraph: string, parent: Context, state: string | undefined): SubgraphCallTrace {
  const attributes = { 'subgraph.name': subgraph }
  const span = trace
    .getTracer(tracerName)
    .startSpan(`subgraph ${subgraph}`, { kind: SpanKind.CLIENT, attributes }, parent)
  return { headers: headersOf(span, parent, state), end: failure => endCall(span, failure) }
}

function endCall(span: Span, failure: string | undefined): void {
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure })
  span.end()
}

/** By the propagators of the SDK when it has some, else as W3C Trace Context. */
function headersOf(span: Span, parent: Context, state: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {}
  propagation.inject(trace.setSpan(parent, span), headers)
  if (Object.keys(headers).length > 0) return headers
  const { traceId, spanId, traceFlags } = span.spanContext()
  headers['traceparent'] = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
  if (state !== undefined) headers['tracestate'] = state
  return headers
}

function parentOf(headers: IncomingHttpHeaders): Context {
  const extracted = propagation.extract(ROOT_CONTEXT, headers)
  if (trace.getSpanContext(extracted) !== undefined) return extracted
  const remote = remoteParent(headers['traceparent'])
  // Whatever started this process may have a span of its own around it.
  return remote === undefined ? context.active() : trace.setSpanContext(extracted, remote)
}

function remoteParent(header: string | readonly string[] | undefined): SpanContext | undefined {
  if (typeof header !== 'string') return undefined
  const [, traceId = '', spanId = '', flags = ''] = traceparentForm.exec(header) ?? []
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED
  const found = { traceId, spanId, traceFlags, isRemote: true }
  return isSpanContextValid(found) ? found : undefined
}

function ownState(headers: IncomingHttpHeaders): string | undefined {
  const state = headers['tracestate']
  return typeof state === 'string' && state.length <= tracestateLengthMax && headers['traceparent']
    ? state
    : undefined
}

const untracedCall: SubgraphCallTrace = { headers: {}, end: () => undefined }

/** No client's trace, and nobody here who traces. */
export const untraced: RequestTrace = {
  traceId: undefined,
  call: () => untracedCall,
  end: () => undefined,
}
