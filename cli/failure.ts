import { EnneadError } from '../kernel/errors.ts'

/** Exit codes of every command. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const

/** One line for an operator: the code, the message, and what lies behind it; never a stack. */
export function failureLine(failure: unknown): string {
  const parts: string[] = []
  let at: unknown = failure
  for (let depth = 0; at !== undefined && depth < 4; depth++) {
    if (!(at instanceof Error)) {
      parts.push(typeof at === 'string' ? at : (JSON.stringify(at) ?? 'unknown'))
      break
    }
    const own = at.message.split('\n')[0] ?? ''
    if (own !== '' && !parts.includes(own)) parts.push(own)
    at = at instanceof AggregateError ? at.errors[0] : at.cause
  }
  const code = failure instanceof EnneadError ? failure.code : 'INTERNAL'
  return `ennead: ${code}: ${parts.join(': ')}`
}
