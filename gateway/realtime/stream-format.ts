import type { AnswerError } from '../engine.ts'
import type { Delivery } from './delivery.ts'

/** How the events of a subscription are written into the body of one HTTP response. */
export interface StreamFormat {
  readonly contentType: string
  /** What the body begins with. `retryMs`: when a client should connect again after a break. */
  begin(retryMs: number): string
  /** The same bytes for every reader of the event. */
  event(delivery: Delivery): readonly Buffer[]
  /** A sign of life that clients do not see. */
  readonly heartbeat: string
  /** The end of a source, which a client must not come back for. */
  readonly completed: string
  /** An error that a client must not come back for, and the end. */
  failed(errors: readonly AnswerError[]): string
}

/**
 * GraphQL over Server-Sent Events, distinct connections mode
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md), with the cursor as the id of each event: what
 * EventSource sends back as `Last-Event-ID` (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 */
const serverSentEvents: StreamFormat = {
  contentType: 'text/event-stream; charset=utf-8',
  begin: retryMs => `retry: ${retryMs}\n\n`,
  event({ cursor, json }) {
    const id = cursor === undefined ? '' : `id: ${cursor}\n`
    return [Buffer.from(`event: next\n${id}data: `), json, Buffer.from('\n\n')]
  },
  heartbeat: ':\n\n',
  completed: 'event: complete\ndata:\n\n',
  failed: errors => `event: next\ndata: ${JSON.stringify({ errors })}\n\nevent: complete\ndata:\n\n`,
}

/** Ends a part. A client gives on a part when it sees the boundary behind it, so that this comes with the part. */
const boundary = '\r\n--graphql'
const partHead = Buffer.from('\r\ncontent-type: application/json\r\n\r\n{"payload":')

/**
 * Subscriptions in a multipart response, as Apollo's clients read them
 * (https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol).
 */
const multipart: StreamFormat = {
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
  begin: () => boundary,
  event: ({ closed }) => [partHead, closed, Buffer.from(boundary)],
  heartbeat: `\r\ncontent-type: application/json\r\n\r\n{}${boundary}`,
  completed: '--\r\n',
  failed: errors =>
    `\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ payload: null, errors })}${boundary}--\r\n`,
}

/** The stream that a client asks for in its Accept header; undefined: none. */
export function streamFormatOf(accept: string | undefined): StreamFormat | undefined {
  if (accept === undefined) return undefined
  if (/multipart\/mixed[^,]*;\s*subscriptionSpec\s*=\s*"?1\.0"?/i.test(accept)) return multipart
  return /\btext\/event-stream\b/i.test(accept) ? serverSentEvents : undefined
}
