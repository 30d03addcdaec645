import type { ExecutionResult } from 'graphql'
import { isDeepStrictEqual } from 'node:util'
import type { GraphQLAnswer, GraphQLRequest } from '../../../gateway/engine.ts'
import type { Federated } from '../../support/federated.ts'
import { inParts, partsOf, whole } from '../../support/in-parts.ts'
import type { Fault } from './judge.ts'
import { refusalOf } from './judge.ts'

/** What became of a request of which parts are deferred. */
export interface AnswerInParts {
  /** Parts that were told after the first answer. */
  readonly count: number
  /** All parts together, where they are wrong. */
  readonly answer: GraphQLAnswer | undefined
  readonly fault: Fault | undefined
}

/** Asks for the parts and compares all of them together with `expected`, which has no errors. */
export async function askInParts(
  { engine }: Federated,
  request: GraphQLRequest,
  expected: ExecutionResult,
): Promise<AnswerInParts> {
  const messages = await inParts(engine, request)
  const count = partsOf(messages).length
  const [first] = messages
  if (first !== undefined && refusalOf(first) !== undefined)
    return { count, answer: undefined, fault: undefined }
  const answer = whole(messages)
  const detail = faultOf(
    messages.map(({ hasNext }) => hasNext),
    answer,
    expected,
  )
  if (detail === undefined) return { count, answer: undefined, fault: undefined }
  return { count, answer, fault: { kind: 'parts', detail } }
}

function faultOf(
  hasNext: readonly boolean[],
  answer: GraphQLAnswer,
  expected: ExecutionResult,
): string | undefined {
  if (hasNext.some((more, at) => more !== at < hasNext.length - 1)) return `hasNext is ${hasNext.join(', ')}`
  if (answer.errors !== undefined) return `nothing fails: ${JSON.stringify(answer.errors)}`
  // What JSON makes of an answer has no prototypes that differ, and no values that are undefined.
  const same = isDeepStrictEqual(answer.data, JSON.parse(JSON.stringify(expected.data)))
  return same ? undefined : 'all parts together are other data'
}
