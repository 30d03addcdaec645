import type { IncomingMessage, ServerResponse } from 'node:http'
import { wireText } from '../admission/answer-text.ts'
import type { WireText } from '../admission/answer-text.ts'
import type { AnswerError } from '../engine.ts'

/** Headers every answer of ours carries, so that no browser treats JSON as something else. */
const baseHeaders = { 'x-content-type-options': 'nosniff' } as const

/** How long a body that was refused is still read, so that the client can read the refusal first. Milliseconds. */
const lingerMs = 500

/** Writes a whole answer. `type` gets `charset=utf-8` appended. */
export function reply(
  response: ServerResponse,
  status: number,
  type: string,
  { parts, encoding, bytes }: WireText,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    ...baseHeaders,
    'content-type': `${type}; charset=utf-8`,
    'content-length': String(bytes),
    ...headers,
  })
  if (parts.length === 1) {
    response.end(parts[0], encoding)
    return
  }
  // Written together with the head, and what are bytes already is copied nowhere.
  response.cork()
  for (const part of parts) response.write(part, encoding)
  response.end()
}

export function replyJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  reply(response, status, 'application/json', wireText(JSON.stringify(value)), {
    'cache-control': 'no-store',
    ...headers,
  })
}

export function replyErrors(
  response: ServerResponse,
  status: number,
  errors: readonly AnswerError[],
  headers: Readonly<Record<string, string>> = {},
): void {
  replyJson(response, status, { errors }, headers)
}

/**
 * Writes a whole answer to a request whose body nobody will read, and closes the connection soon after: closing at once
 * would reset it and take the answer with it.
 */
export function replyUnread(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  { parts, encoding, bytes }: WireText,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    ...baseHeaders,
    'content-type': `${type}; charset=utf-8`,
    'content-length': String(bytes),
    ...headers,
    connection: 'close',
  })
  for (const part of parts) response.write(part, encoding)
  const leave = (): void => {
    clearTimeout(timer)
    response.end()
    request.socket.destroySoon()
  }
  const timer = setTimeout(leave, lingerMs).unref()
  request.once('end', leave).once('error', leave).resume()
}
