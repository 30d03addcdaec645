import { Pool } from 'undici'
import type { RunningSystem } from './running-system.ts'

/** How one request ended, as its client saw it. */
export interface Reply {
  /** Everything that was asked for is there and right. */
  readonly good: boolean
  /** Something is there, something is missing and said to be. */
  readonly partial: boolean
  /** Something in it is known to be possibly old, and is marked so. */
  readonly degraded: boolean
  /** The first error's code; empty when there was none. */
  readonly code: string
}

/** A GraphQL request and what a right answer to it is. */
export interface Question {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
  right(data: Readonly<Record<string, unknown>>): boolean
}

/** Sends questions with tokens no two of which are under way at once, so that no two requests share an identity lookup. */
export interface Client extends AsyncDisposable {
  ask(question: Question, requestId: string): Promise<Reply>
  /** New tokens: they live ten minutes. */
  renew(): Promise<void>
}

const connectionsMax = 64
const replyMsMax = 5_000

export async function openClient(system: RunningSystem): Promise<Client> {
  const pool = new Pool(system.host, {
    connections: connectionsMax,
    headersTimeout: replyMsMax,
    bodyTimeout: replyMsMax,
  })
  let tokens: string[] = []
  const waiting: ((token: string) => void)[] = []
  const take = async (): Promise<string> => {
    // The one that has rested longest, so that all of them are used.
    const token = tokens.shift()
    return token ?? new Promise<string>(resolve => waiting.push(resolve))
  }
  const giveBack = (token: string): void => {
    const next = waiting.shift()
    if (next === undefined) tokens.push(token)
    else next(token)
  }
  const renew = async (): Promise<void> => {
    const fresh: string[] = []
    for (let index = 0; index < connectionsMax; index++) fresh.push(await system.token())
    tokens = fresh
  }
  await renew()
  return {
    renew,
    async ask(question, requestId) {
      const token = await take()
      try {
        return await send(pool, question, requestId, token)
      } finally {
        giveBack(token)
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  }
}

async function send(pool: Pool, question: Question, requestId: string, token: string): Promise<Reply> {
  try {
    const { query, variables } = question
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/graphql',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        authorization: `Bearer ${token}`,
        'x-request-id': requestId,
      },
      body: JSON.stringify({ query, variables }),
    })
    const answer: unknown = await body.json()
    return replyOf(statusCode, answer, question)
  } catch {
    return { ...noReply, code: 'NO_ANSWER' }
  }
}

const noReply = { good: false, partial: false, degraded: false }

function replyOf(status: number, answer: unknown, question: Question): Reply {
  if (typeof answer !== 'object' || answer === null) return { ...noReply, code: 'NO_OBJECT' }
  // A GraphQL response (October 2021 specification, section 7.1) has these members; the gateway's own is `ennead`.
  const { data, errors, extensions } = answer as {
    data?: Readonly<Record<string, unknown>> | null
    errors?: readonly { extensions?: { code?: string } }[]
    extensions?: { ennead?: { degraded?: readonly unknown[] } }
  }
  const code = errors?.[0] === undefined ? '' : (errors[0].extensions?.code ?? 'UNCODED')
  const some = data !== undefined && data !== null
  const good = status === 200 && errors === undefined && some && question.right(data)
  return {
    good,
    partial: !good && some && errors !== undefined,
    degraded: (extensions?.ennead?.degraded?.length ?? 0) > 0,
    code: good || code !== '' ? code : 'WRONG_DATA',
  }
}
