import { EnneadError } from '../../kernel/errors.ts'
import { tlsFailureReason } from '../../kernel/tls/tls-failure.ts'

/** SUBGRAPH_UNTRUSTED when a connection broke because one side does not trust the other; undefined: it broke otherwise. */
export function untrusted(subgraph: string, cause: unknown): EnneadError | undefined {
  const reason = tlsFailureReason(cause)
  if (reason === undefined) return undefined
  const message = `subgraph "${subgraph}" cannot be trusted: ${reason}`
  return new EnneadError('SUBGRAPH_UNTRUSTED', message, { cause })
}
