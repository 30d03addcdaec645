import { setTimeout as delay } from 'node:timers/promises'

/** Codes after which a write that carries an idempotency key is simply sent again. */
const transient = new Set([
  'UNAVAILABLE',
  'UNKNOWN_COMMIT_OUTCOME',
  'DEADLINE_EXCEEDED',
  'OVERLOADED',
  'SUBGRAPH_TIMEOUT',
  'SUBGRAPH_UNREACHABLE',
  'AGENT_TIMEOUT',
  'AGENT_FAULT',
])
const retriesMax = 60
const retryMs = 250

export interface GraphQLError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions?: { readonly code?: string }
}

/** What every mutation's payload has. */
export interface Payload {
  readonly errors: readonly { readonly code: string; readonly message: string }[]
}

/** The least a client of Ennead needs: fetch, a token, and patience for a system that is healing. */
export class GraphQLClient {
  readonly #url: string
  token: string | undefined
  /** How often something was sent again. */
  retries = 0

  constructor(url: string) {
    this.#url = url
  }

  /** The operation's data; throws when there are errors. Repeats what failed for a passing reason; writes must carry a key. */
  async run<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#once(query, variables)
      // Data has the form of the query that was sent.
      if ('data' in answer) return answer.data as Data
      const passing = answer.errors.some(error => transient.has(error.extensions?.code ?? ''))
      if (!passing || attempt === retriesMax) throw new Error(JSON.stringify(answer.errors))
      this.retries++
      await delay(retryMs)
    }
  }

  /** Runs a mutation whose only root field answers with a payload; a payload that says UNAVAILABLE is asked for again. */
  async write<P extends Payload>(query: string, variables: Readonly<Record<string, unknown>>): Promise<P> {
    for (let attempt = 0; ; attempt++) {
      const [payload] = Object.values(await this.run<Readonly<Record<string, P>>>(query, variables))
      if (payload === undefined) throw new Error('the mutation has no root field')
      const passing = payload.errors.some(error => error.code === 'UNAVAILABLE')
      if (!passing || attempt === retriesMax) return payload
      this.retries++
      await delay(retryMs)
    }
  }

  async #once(
    query: string,
    variables: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly data: unknown } | { readonly errors: readonly GraphQLError[] }> {
    const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' }
    if (this.token !== undefined) headers['authorization'] = `Bearer ${this.token}`
    const response = await fetch(this.#url, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query, variables }),
    })
    // A GraphQL server answers in this form.
    const body = (await response.json()) as { data?: unknown; errors?: readonly GraphQLError[] }
    if (body.errors !== undefined) return { errors: body.errors }
    return { data: body.data }
  }
}
