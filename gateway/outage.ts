import type { AnswerError } from './engine.ts'

/**
 * Codes that say something behind the gateway is down or slow now: the same operation can succeed later. A
 * subscription that ends with one of these must be resumed, not given up.
 */
const outageCodes = new Set<string>([
  'SUBGRAPH_UNREACHABLE',
  'SUBGRAPH_UNTRUSTED',
  'CALLER_UNTRUSTED',
  'SUBGRAPH_TIMEOUT',
  'SUBGRAPH_BAD_ANSWER',
  'UNAVAILABLE',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
  'AGENT_TIMEOUT',
  'AGENT_FAULT',
  'CANCELLED',
])

/** Something went wrong, and nothing but outages. */
export function isOutage(errors: readonly AnswerError[]): boolean {
  return errors.length > 0 && errors.every(error => outageCodes.has(error.extensions.code))
}
