import { EnneadError } from '../../kernel/errors.ts'
import type { FetchNode } from '../planning/plan.ts'
import type { Failure } from './failures.ts'
import type { Run } from './run.ts'
import { transportFailure } from './subgraph-errors.ts'
import type { SubgraphRequest, SubgraphResponse } from './subgraph.ts'
import { isTree, own } from './tree.ts'

/** What came of asking a subgraph. */
export type Told =
  | { readonly is: 'answer'; readonly response: SubgraphResponse }
  /** It brought nothing, and says that it fails rather than that it cannot answer this. */
  | { readonly is: 'failing'; readonly response: SubgraphResponse }
  | { readonly is: 'none'; readonly failure: Failure; readonly cancelled: boolean }

/** Asks for a fetch within the time of its run. Never rejects. */
export async function ask(node: FetchNode, request: SubgraphRequest, run: Run): Promise<Told> {
  const { serviceName } = node
  try {
    run.deadline.signal.throwIfAborted()
    const { signal } = run.deadline
    const context = { ...run.context, signal, remainingMs: run.deadline.remainingMs() }
    const send = (): Promise<SubgraphResponse> => run.subgraphs.execute(serviceName, request, context)
    const response = await waited(node, run, run.earlier?.answer(node, request, send) ?? send())
    return { is: isFailing(node, response, run) ? 'failing' : 'answer', response }
  } catch (failure) {
    if (!(failure instanceof EnneadError)) run.log.error('subgraph.fault', { subgraph: serviceName, failure })
    const cancelled = failure instanceof EnneadError && failure.code === 'CANCELLED'
    return { is: 'none', failure: transportFailure(failure, serviceName), cancelled }
  }
}

function isFailing({ serviceName, requires }: FetchNode, response: SubgraphResponse, run: Run): boolean {
  const { data, http } = response
  if (isTree(data) && (requires === undefined || Array.isArray(own(data, '_entities')))) return false
  return (http !== undefined && http.status >= 500) || run.subgraphs.isFailure(serviceName, response)
}

async function waited<T>(node: FetchNode, run: Run, work: Promise<T>): Promise<T> {
  try {
    return await run.deadline.within(work)
  } catch (failure) {
    if (failure instanceof EnneadError && failure.code === 'DEADLINE_EXCEEDED') {
      const message = `subgraph "${node.serviceName}" did not answer within the time of this request`
      throw new EnneadError('SUBGRAPH_TIMEOUT', message, { cause: failure })
    }
    throw failure
  }
}

/** The request of a fetch, with only those variables that it uses. */
export function requestOf(
  node: FetchNode,
  variables: Readonly<Record<string, unknown>>,
  extra: Readonly<Record<string, unknown>> = {},
): { query: string; variables: Record<string, unknown>; operationName?: string } {
  const picked: Record<string, unknown> = {}
  for (const name of node.variableUsages ?? []) {
    if (Object.hasOwn(variables, name)) picked[name] = variables[name]
  }
  const request = { query: node.operation, variables: { ...picked, ...extra } }
  return node.operationName === undefined ? request : { ...request, operationName: node.operationName }
}
