import type { HopTarget } from './hop-signer.ts'

/** What an assertion in `extensions.hop` of an operation of a socket is bound to: this operation with these variables. */
export function socketTarget(
  audience: string,
  {
    query,
    variables,
    operationName,
  }: {
    readonly query: string
    readonly variables?: Readonly<Record<string, unknown>> | null | undefined
    readonly operationName?: string | null | undefined
  },
): HopTarget {
  const body = JSON.stringify([query, variables ?? null, operationName ?? null])
  return { audience, method: 'SUBSCRIBE', path: '/graphql', body }
}
