import type { IncomingMessage } from 'node:http'
import { EnneadError } from '../../kernel/errors.ts'
import type { DoorOptions } from '../admission/door-options.ts'
import { namesDocument, requestFromBody, requestFromParameters } from '../admission/graphql-request.ts'
import type { DoorRequest } from '../admission/graphql-request.ts'
import { refuseForgery } from '../admission/origin-policy.ts'
import { asksSheddable } from '../admission/request-priority.ts'
import { contentType } from './media-types.ts'
import { readBody } from './request-body.ts'

/** The text of a request: its body, or the parameters of its URL. */
export interface RequestText {
  readonly in: 'body' | 'parameters'
  readonly text: string
}

/** Everything that can be refused without looking into the request, cheapest first. */
export async function readText(
  options: DoorOptions,
  request: IncomingMessage,
  search: string,
): Promise<RequestText> {
  const { method = '', headers } = request
  if (method !== 'GET' && method !== 'POST') {
    throw new EnneadError('METHOD_NOT_ALLOWED', 'use POST, or GET for queries')
  }
  refuseForgery(method, headers, options.origins)
  if (method === 'POST') checkBodyType(request)
  const text = method === 'GET' ? search : await readBody(request, options.limits.bodyBytesMax)
  // Which document it is, and how important, is not in a text that only names one.
  if (!namesDocument.test(text))
    options.admission.glance(text, asksSheddable(headers), options.limits.requestTimeoutMs)
  return { in: method === 'GET' ? 'parameters' : 'body', text }
}

/** What the text of a request asks for. Throws BAD_REQUEST. */
export function parseRequest(options: DoorOptions, { in: where, text }: RequestText): DoorRequest {
  if (where === 'parameters') return requestFromParameters(new URLSearchParams(text), options.documents)
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
