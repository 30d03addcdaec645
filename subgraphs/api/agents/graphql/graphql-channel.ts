import type { Attempt } from '../../../../dispatch/port.ts'
import type { Consistency } from '../../../../kernel/consistency.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { Principal } from '../../../../kernel/principal.ts'
import { changeLogPage, failureOf, objectOf } from '../../answers.ts'
import { changeLogQuery, changeLogVariables } from '../../change-log-query.ts'
import { type ChannelAgent, apiPrincipal } from '../../channel-agent.ts'
import { DbHttp, type DbHttpOptions } from '../../db-http.ts'
import { existingQuery, foundIn, representationsOf } from '../../existing-query.ts'
import type { ChangeLogPage, ChangeLogRead } from '../../task-channel.ts'

/** The way to db over its GraphQL endpoint. */
export function graphqlChannel(options: DbHttpOptions): ChannelAgent {
  const http = new DbHttp(options)
  const ask = async (
    query: string,
    variables: Readonly<Record<string, unknown>>,
    principal: Principal,
    { remainingMs, signal }: Attempt,
    consistency: Consistency | undefined,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const { status, body } = await http.request({
      method: 'POST',
      path: '/graphql',
      body: { query, variables },
      principal,
      consistency,
      remainingMs,
      signal,
    })
    const answer = objectOf(body, 'no GraphQL response')
    if (status === 200 || 'errors' in answer) return answer
    throw new EnneadError('AGENT_FAULT', `db answered over GraphQL with status ${status}`)
  }
  const read = async (
    what: ChangeLogRead,
    attempt: Attempt,
    consistency?: Consistency,
  ): Promise<ChangeLogPage> => {
    const variables = changeLogVariables(what)
    const { data, errors } = await ask(changeLogQuery, variables, apiPrincipal, attempt, consistency)
    if (errors !== undefined) throw failureOf(errors)
    return changeLogPage(objectOf(data, 'no data')['changeLog'])
  }
  return {
    name: 'graphql',
    detail: 'GraphQL over HTTP to db',
    operations: {
      changes: (what, attempt) => read(what, attempt),
      history: ({ consistency, ...what }, attempt) => read({ ...what, waitMs: 0 }, attempt, consistency),
      async existing({ principal, ids, consistency }, attempt) {
        const representations = representationsOf(ids)
        if (representations.length === 0) return new Set()
        const answer = await ask(existingQuery, { representations }, principal, attempt, consistency)
        return foundIn(answer, representations)
      },
    },
    close: () => http.close(),
  }
}
