import type { ServerResponse } from 'node:http'
import { answerText } from '../admission/answer-text.ts'
import { errorsOf } from '../admission/refusal.ts'
import type { Log } from '../../kernel/log.ts'
import type { AnswerError, GraphQLAnswer, IncrementalAnswer } from '../engine.ts'

export interface IncrementalResponseOptions {
  readonly response: ServerResponse
  /** Largest message, bytes. */
  readonly answerBytesMax: number
  /** What the first answer gets beside what the engine has answered. */
  readonly decorate: (answer: GraphQLAnswer) => GraphQLAnswer
  readonly headers: Readonly<Record<string, string>>
  /** Aborts when the client has left. */
  readonly signal: AbortSignal
  readonly log: Log
}

/** Ends a part; the one behind the last message is closed. */
const boundary = '\r\n---'
const head = '\r\ncontent-type: application/json; charset=utf-8\r\n\r\n'

/**
 * Writes an answer in parts as one multipart response (deferSpec=20220824: what Apollo's clients, urql and Relay read). A client
 * that does not read is waited for, and no part is made meanwhile. Resolves with what is to be said of the whole.
 */
export async function respondIncrementally(
  messages: AsyncIterable<IncrementalAnswer>,
  { response, answerBytesMax, decorate, headers, signal, log }: IncrementalResponseOptions,
): Promise<GraphQLAnswer> {
  const errors: AnswerError[] = []
  let begun = false
  let closed = false
  for await (const message of messages) {
    if (signal.aborted || response.destroyed) break
    const { hasNext, ...answer } = message
    errors.push(...errorsIn(message))
    let text: string
    try {
      const decorated = begun ? answer : decorate(answer)
      text = answerText({ ...decorated, hasNext } as GraphQLAnswer, answerBytesMax)
      closed = !hasNext
    } catch (failure) {
      // What was told stays told; what would be too much ends it.
      const told = errorsOf(failure, log)
      errors.push(...told)
      text = JSON.stringify({ ...(begun ? {} : { data: null }), errors: told, hasNext: false })
      closed = true
    }
    if (!begun) {
      response.writeHead(200, {
        'content-type': 'multipart/mixed; boundary="-"; deferSpec=20220824',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        // nginx would collect the parts before it hands them on.
        'x-accel-buffering': 'no',
        ...headers,
      })
      response.write(boundary)
      begun = true
    }
    const room = response.write(`${head}${text}${boundary}${closed ? '--\r\n' : ''}`)
    if (closed) break
    if (!room) await drained(response, signal)
  }
  if (begun && !closed) response.destroy()
  else response.end()
  return { data: {}, ...(errors.length === 0 ? {} : { errors }) }
}

function errorsIn({ errors = [], incremental = [] }: IncrementalAnswer): readonly AnswerError[] {
  return [...errors, ...incremental.flatMap(part => part.errors ?? [])]
}

/** Resolves when the client has read, or has left. */
function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    response.once('drain', done)
    response.once('close', done)
    signal.addEventListener('abort', done, { once: true })
    if (response.destroyed || signal.aborted) done()
  })
}
