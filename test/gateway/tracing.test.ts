import { context, propagation, trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { beginTrace } from '../../gateway/tracing.ts'

const traceId = '0af7651916cd43dd8448eb211c80319c'
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

afterEach(() => {
  trace.disable()
  context.disable()
  propagation.disable()
})

test('without an SDK a client’s trace context reaches subgraphs as it came', () => {
  const request = beginTrace({ traceparent, tracestate: 'vendor=1' }, 'request')
  expect(request.traceId).toBe(traceId)
  expect(request.call('db').headers).toEqual({ traceparent, tracestate: 'vendor=1' })
})

test('without a trace nothing is sent', () => {
  expect(beginTrace({}, 'request').call('db').headers).toEqual({})
})

test('what is no trace context is not handed on', () => {
  const zeros = ['0'.repeat(32), '0'.repeat(16)]
  const wrong = [
    '',
    'nonsense',
    traceparent.replace('00-', 'ff-'),
    traceparent.toUpperCase(),
    `00-${zeros[0]}-b7ad6b7169203331-01`,
    `00-${traceId}-${zeros[1]}-01`,
    `${traceparent}\r\nx-evil: 1`,
  ]
  for (const header of wrong) {
    expect(beginTrace({ traceparent: header, tracestate: 'a=1' }, 'request').call('db').headers).toEqual({})
  }
  fc.assert(
    fc.property(fc.string(), header => {
      const { headers } = beginTrace({ traceparent: header }, 'request').call('db')
      return Object.values(headers).every(value => /^[0-9a-f-]+$/.test(value))
    }),
  )
})

test('with an SDK requests and calls to subgraphs are spans of the client’s trace', () => {
  const exporter = new InMemorySpanExporter()
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  )
  const request = beginTrace({ traceparent }, 'request')
  const call = request.call('db')
  const failing = request.call('auth')
  call.end(undefined)
  failing.end('SUBGRAPH_TIMEOUT')
  request.end('partial', { 'http.response.status_code': 200 })
  const [db, auth, server] = exporter.getFinishedSpans()
  expect(server).toMatchObject({
    name: 'request',
    parentSpanContext: { spanId: 'b7ad6b7169203331' },
    attributes: { 'graphql.outcome': 'partial', 'http.response.status_code': 200 },
  })
  expect(db?.parentSpanContext?.spanId).toBe(server?.spanContext().spanId)
  expect(auth?.status).toMatchObject({ message: 'SUBGRAPH_TIMEOUT' })
  expect(call.headers).toEqual({ traceparent: `00-${traceId}-${db?.spanContext().spanId}-01` })
})
