import type { Attempt } from '../../../../dispatch/port.ts'
import type { Consistency } from '../../../../kernel/consistency.ts'
import { EnneadError } from '../../../../kernel/errors.ts'
import { changeLogPage, failureOf, idsOf, objectOf } from '../../answers.ts'
import { type ChannelAgent, apiPrincipal } from '../../channel-agent.ts'
import { DbHttp, type DbAnswer, type DbHttpOptions } from '../../db-http.ts'
import type { ChangeLogPage, ChangeLogRead } from '../../task-channel.ts'

/** The way to db over its versioned HTTP resources. */
export function restChannel(options: DbHttpOptions): ChannelAgent {
  const http = new DbHttp(options)
  const read = async (
    what: ChangeLogRead,
    { remainingMs, signal }: Attempt,
    consistency?: Consistency,
  ): Promise<ChangeLogPage> => {
    const path = `/v1/changes?${parametersOf(what)}`
    const call = { principal: apiPrincipal, consistency, remainingMs, signal }
    const answer = await http.request({ method: 'GET', path, ...call })
    return changeLogPage(bodyOf(answer))
  }
  return {
    name: 'rest',
    detail: 'HTTP resources of db, version 1',
    operations: {
      changes: (what, attempt) => read(what, attempt),
      history: ({ consistency, ...what }, attempt) => read({ ...what, waitMs: 0 }, attempt, consistency),
      async existing({ principal, ids, consistency }, { remainingMs, signal }: Attempt) {
        const answer = await http.request({
          method: 'POST',
          path: '/v1/existing',
          body: { ids },
          principal,
          consistency,
          remainingMs,
          signal,
        })
        return idsOf(bodyOf(answer), ids)
      },
    },
    close: () => http.close(),
  }
}

function parametersOf(read: ChangeLogRead): string {
  const parameters = new URLSearchParams({ first: String(read.first), waitMs: String(read.waitMs) })
  for (const name of ['after', 'workspaceId', 'projectId', 'taskId'] as const) {
    const value = read[name]
    if (value !== undefined) parameters.set(name, value)
  }
  if (read.newestFirst === true) parameters.set('newestFirst', 'true')
  return parameters.toString()
}

function bodyOf({ status, body }: DbAnswer): unknown {
  if (status === 200) return body
  const { errors } = objectOf(body, `status ${status} and no JSON object`)
  if (errors !== undefined) throw failureOf(errors)
  throw new EnneadError('AGENT_FAULT', `db answered over HTTP with status ${status}`)
}
