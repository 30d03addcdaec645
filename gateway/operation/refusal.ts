import type { GraphQLError } from 'graphql'
import type { ErrorCode } from '../../kernel/errors.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { RequestRefused } from '../engine.ts'
import type { AnswerError } from '../engine.ts'

/** Errors of one refused request. */
const errorsMax = 10

/** A refusal with one error. */
export function refused(
  code: ErrorCode,
  message: string,
  facts: Readonly<Record<string, unknown>> = {},
): RequestRefused {
  return new RequestRefused([{ message, extensions: { ...facts, code } }])
}

/** A refusal made of graphql-js's errors, all with `code`. */
export function refusedBy(code: ErrorCode, errors: readonly GraphQLError[]): RequestRefused {
  return new RequestRefused(errors.slice(0, errorsMax).map(error => answerError(error, code)))
}

/** A refusal that says what one of our own errors says; anything else is passed through. */
export function refusalOf(failure: unknown): unknown {
  if (!(failure instanceof EnneadError)) return failure
  const refusal = refused(failure.code, failure.message, failure.facts)
  // For the log; what is wrong with an operation itself needs none.
  if (failure.kind !== 'caller') refusal.cause = failure.cause
  return refusal
}

/** graphql-js's error as clients see it: its message, places and path, and nothing of its cause. */
export function answerError(error: GraphQLError, code: ErrorCode): AnswerError {
  return {
    message: error.message,
    ...(error.locations === undefined
      ? {}
      : { locations: error.locations.map(({ line, column }) => ({ line, column })) }),
    ...(error.path === undefined ? {} : { path: error.path }),
    extensions: { code },
  }
}
