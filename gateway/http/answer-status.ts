import { statusOfCode } from '../admission/refusal.ts'
import type { GraphQLAnswer } from '../engine.ts'
import { SplicedAnswer } from '../execution/compiled/spliced-answer.ts'
import type { AnswerType } from './media-types.ts'

/** Faults of the document or its variables: GraphQL's own, which `application/json` answers with 200. */
const graphqlFaults = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'PERSISTED_QUERY_NOT_FOUND',
])

/**
 * The status of an answer (GraphQL over HTTP, sections 6.4.1 and 6.4.2): 200 with `data`, also when it is null or
 * partial; otherwise the status of the first error's code, except that `application/json` says 200 to a well-formed
 * request whose document or variables are wrong.
 */
export function answerStatus(answer: GraphQLAnswer, type: AnswerType): number {
  if (answer instanceof SplicedAnswer || answer.data !== undefined) return 200
  const code = answer.errors?.[0]?.extensions.code
  if (code === undefined) return 500
  if (type === 'application/json' && graphqlFaults.has(code)) return 200
  return statusOfCode(code)
}
