import { errorAdvice } from './error-advice.ts'
import { hintAdvice } from './hint-advice.ts'

/** One line on what to do about a code of composition; undefined for a code we do not know. */
export function adviceFor(code: string): string | undefined {
  return errorAdvice[code] ?? hintAdvice[code]
}
