import { randomUUID } from 'node:crypto'
import { EnneadError, errorDefinitions } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import { RequestRefused } from '../engine.ts'
import type { AnswerError, GraphQLAnswer } from '../engine.ts'

/**
 * A failure as clients may see it. What we did not expect becomes INTERNAL with an `errorId` under which the log has the
 * truth; the cause of an expected fault is logged too.
 */
export function errorsOf(failure: unknown, log: Log): readonly AnswerError[] {
  if (failure instanceof RequestRefused && failure.errors.length > 0) return failure.errors
  if (failure instanceof EnneadError) {
    if (failure.cause !== undefined && statusOfCode(failure.code) >= 500) {
      log.warn('request.failed', { code: failure.code, failure })
    }
    return [{ message: failure.message, extensions: { ...failure.facts, code: failure.code } }]
  }
  const errorId = randomUUID()
  log.error('request.internal', { errorId, failure })
  return [{ message: 'a fault of ours; the log has it', extensions: { code: 'INTERNAL', errorId } }]
}

/** The HTTP status of a code of docs/errors.md; 400 for a code that is not ours. */
export function statusOfCode(code: string): number {
  return Object.hasOwn(errorDefinitions, code)
    ? // hasOwn has just shown that it is one of the table's keys.
      errorDefinitions[code as keyof typeof errorDefinitions].http
    : 400
}

/** An answer without `data` that was not executed. */
export function refusedAnswer(errors: readonly AnswerError[]): GraphQLAnswer {
  return { errors }
}
