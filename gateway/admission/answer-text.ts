import { EnneadError } from '../../kernel/errors.ts'
import type { GraphQLAnswer } from '../engine.ts'
import { SplicedAnswer } from '../execution/compiled/spliced-answer.ts'

/** Text as it is written to a connection. */
export interface WireText {
  readonly text: string | Buffer
  /** In latin1 every character is one byte of UTF-8. */
  readonly encoding: 'utf8' | 'latin1'
  /** How many it is in UTF-8. */
  readonly bytes: number
}

/** The answer as JSON. Throws LIMIT_ANSWER when that is larger than `bytesMax`. */
export function answerWire(answer: GraphQLAnswer, bytesMax: number): WireText {
  if (answer instanceof SplicedAnswer) {
    const { bytes: text } = answer
    if (text.length > bytesMax) throw tooLarge(bytesMax)
    return { text, encoding: 'latin1', bytes: text.length }
  }
  const wire = wireText(JSON.stringify(answer))
  if (wire.bytes > bytesMax) throw tooLarge(bytesMax)
  return wire
}

/** The answer as JSON. Throws LIMIT_ANSWER when that is larger than `bytesMax` in UTF-8. */
export function answerText(answer: GraphQLAnswer, bytesMax: number): string {
  const { text, encoding } = answerWire(answer, bytesMax)
  if (typeof text !== 'string') return text.toString()
  return encoding === 'utf8' ? text : Buffer.from(text, 'latin1').toString()
}

export function wireText(text: string): WireText {
  return { text, encoding: 'utf8', bytes: Buffer.byteLength(text) }
}

function tooLarge(bytesMax: number): EnneadError {
  return new EnneadError(
    'LIMIT_ANSWER',
    `the answer is larger than ${bytesMax} bytes; ask for fewer objects or fields (a mutation has been run)`,
    { facts: { limit: bytesMax } },
  )
}
