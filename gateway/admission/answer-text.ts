import { EnneadError } from '../../kernel/errors.ts'
import type { GraphQLAnswer } from '../engine.ts'
import { SplicedAnswer, textOfBytes } from '../execution/compiled/spliced-answer.ts'
import type { Bytes } from '../execution/compiled/spliced-answer.ts'

/** Text as it is written to a connection. */
export interface WireText {
  /** One after the other; at least one. */
  readonly parts: readonly Bytes[]
  /** Of parts that are strings. In latin1 every character is one byte of UTF-8. */
  readonly encoding: 'utf8' | 'latin1'
  /** How many they are in UTF-8. */
  readonly bytes: number
}

/** The answer as JSON. Throws LIMIT_ANSWER when that is larger than `bytesMax`. */
export function answerWire(answer: GraphQLAnswer, bytesMax: number): WireText {
  if (answer instanceof SplicedAnswer) {
    const { bytes: parts } = answer
    const bytes = parts.reduce((sum, { length }) => sum + length, 0)
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    return { parts, encoding: 'latin1', bytes }
  }
  const wire = wireText(JSON.stringify(answer))
  if (wire.bytes > bytesMax) throw tooLarge(bytesMax)
  return wire
}

/** The answer as JSON. Throws LIMIT_ANSWER when that is larger than `bytesMax` in UTF-8. */
export function answerText(answer: GraphQLAnswer, bytesMax: number): string {
  if (answer instanceof SplicedAnswer) return textOfBytes(answerWire(answer, bytesMax).parts)
  const text = JSON.stringify(answer)
  if (Buffer.byteLength(text) > bytesMax) throw tooLarge(bytesMax)
  return text
}

export function wireText(text: string): WireText {
  return { parts: [text], encoding: 'utf8', bytes: Buffer.byteLength(text) }
}

function tooLarge(bytesMax: number): EnneadError {
  return new EnneadError(
    'LIMIT_ANSWER',
    `the answer is larger than ${bytesMax} bytes; ask for fewer objects or fields (a mutation has been run)`,
    { facts: { limit: bytesMax } },
  )
}
