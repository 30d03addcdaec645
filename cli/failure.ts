import { EnneadError } from '../kernel/errors.ts'

/**
 * Exit codes of every command: done; a check or a server said no; asked for wrongly; the schemas do not compose; a file,
 * a port, a server or Ennead itself is not as it should be.
 */
export const exitCodes = { done: 0, failed: 1, usage: 2, composition: 3, environment: 4 } as const

const usageCodes: ReadonlySet<string> = new Set(['BAD_OPTION', 'CONFIG_INVALID', 'ACCEPTED_UNREADABLE'])

/** The exit code for a failure that ended a command. */
export function exitCodeOf(failure: unknown): number {
  if (!(failure instanceof EnneadError)) return exitCodes.environment
  if (usageCodes.has(failure.code)) return exitCodes.usage
  if (failure.code === 'COMPOSITION_FAILED') return exitCodes.composition
  return failure.kind === 'caller' ? exitCodes.failed : exitCodes.environment
}

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
