import { EnneadError } from '../../kernel/errors.ts'
import type { Failure } from './failures.ts'
import type { SubgraphResponseError } from './subgraph.ts'

/** How much of a subgraph's own words clients see. */
export interface ErrorShowing {
  /** Replaces messages of errors that the subgraph did not code, which may hold anything. Default true. */
  readonly maskErrors: boolean
}

/** Codes that servers put on errors nobody thought of; their messages are as unsafe as those of uncoded ones. */
const uncoded: ReadonlySet<unknown> = new Set([undefined, 'INTERNAL_SERVER_ERROR', ''])

/** Extensions that carry stacks in some server or other. */
const innards: ReadonlySet<string> = new Set([
  'stacktrace',
  'exception',
  'stack',
  'debug',
  'trace',
  'originalError',
])

/** An error of a subgraph as clients may see it; `masked` says that its message was replaced and belongs in the log. */
export function failureOf(
  error: unknown,
  subgraph: string,
  requestId: string,
  { maskErrors }: ErrorShowing,
): { readonly failure: Failure; readonly masked: boolean } {
  // Subgraphs may answer anything as an error; every field is checked below.
  const { message, extensions } = (
    typeof error === 'object' && error !== null ? error : {}
  ) as Partial<SubgraphResponseError>
  const given = typeof extensions === 'object' && extensions !== null ? extensions : {}
  const code = given['code']
  if (uncoded.has(code) || typeof code !== 'string') {
    if (maskErrors || typeof message !== 'string') {
      const text = `subgraph "${subgraph}" failed`
      const failure = { message: text, extensions: { code: 'SUBGRAPH_ERROR', subgraph, errorId: requestId } }
      return { failure, masked: true }
    }
    return {
      failure: { message, extensions: { ...shown(given), code: 'SUBGRAPH_ERROR', subgraph } },
      masked: false,
    }
  }
  const text = typeof message === 'string' ? message : `subgraph "${subgraph}" failed`
  return { failure: { message: text, extensions: { ...shown(given), code, subgraph } }, masked: false }
}

/** A fetch that brought no answer, as clients may see it: no host, no stack. */
export function transportFailure(failure: unknown, subgraph: string): Failure {
  if (failure instanceof EnneadError) {
    return { message: failure.message, extensions: { ...failure.facts, code: failure.code, subgraph } }
  }
  return { message: `subgraph "${subgraph}" failed`, extensions: { code: 'SUBGRAPH_ERROR', subgraph } }
}

function shown(extensions: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(extensions).filter(([name]) => !innards.has(name)))
}
