import { EnneadError } from '../../kernel/errors.ts'
import type { GraphQLAnswer } from '../engine.ts'

/** The answer as JSON. Throws LIMIT_ANSWER when that is larger than `bytesMax` in UTF-8. */
export function answerText(answer: GraphQLAnswer, bytesMax: number): string {
  const text = JSON.stringify(answer)
  // A UTF-16 unit is one to three bytes: nearly always, the length alone decides.
  const fits = text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax
  if (fits) return text
  throw new EnneadError(
    'LIMIT_ANSWER',
    `the answer is larger than ${bytesMax} bytes; ask for fewer objects or fields (a mutation has been run)`,
    { facts: { limit: bytesMax } },
  )
}
