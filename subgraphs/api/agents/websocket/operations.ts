import type { Client, FormattedExecutionResult, SubscribePayload } from 'graphql-ws'
import { EnneadError } from '../../../../kernel/errors.ts'

/** A GraphQL response over a socket, unchecked. */
export interface SocketAnswer {
  readonly data?: unknown
  readonly errors?: unknown
  readonly extensions?: unknown
}

/** Responses held for a reader that is slower than db; one more ends the stream. */
const heldMax = 1_000

/** One query over the client's socket. Rejects with AGENT_FAULT when the socket breaks, or with the signal's reason. */
export async function request(
  client: Client,
  payload: SubscribePayload,
  signal: AbortSignal,
): Promise<SocketAnswer> {
  for await (const answer of stream(client, payload, signal)) return answer
  throw new EnneadError('AGENT_FAULT', 'db ended a request over a socket without an answer')
}

/**
 * The responses of an operation over the client's socket. Leaving it, or the signal, ends it there too. Throws
 * AGENT_FAULT when the socket breaks; GraphQL errors of the operation are a last response.
 */
export async function* stream(
  client: Client,
  payload: SubscribePayload,
  signal: AbortSignal,
): AsyncGenerator<SocketAnswer, void, void> {
  const held: SocketAnswer[] = []
  let wake: () => void = () => undefined
  let end: { readonly failure: unknown } | 'complete' | undefined
  const leave = (): void => {
    end ??= { failure: signal.reason }
    wake()
  }
  signal.throwIfAborted()
  signal.addEventListener('abort', leave, { once: true })
  const unsubscribe = client.subscribe(payload, {
    next(answer: FormattedExecutionResult) {
      held.push(answer)
      if (held.length > heldMax) end ??= { failure: broken('db sent more than could be taken in', undefined) }
      wake()
    },
    error(failure) {
      if (Array.isArray(failure)) {
        held.push({ errors: failure })
        end ??= 'complete'
      } else end ??= { failure: broken('the socket to db broke', failure) }
      wake()
    },
    complete() {
      end ??= 'complete'
      wake()
    },
  })
  try {
    for (;;) {
      for (let answer = held.shift(); answer !== undefined; answer = held.shift()) yield answer
      if (end === 'complete') return
      if (end !== undefined) throw end.failure
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  } finally {
    signal.removeEventListener('abort', leave)
    unsubscribe()
  }
}

function broken(message: string, cause: unknown): EnneadError {
  return new EnneadError('AGENT_FAULT', message, { cause })
}
