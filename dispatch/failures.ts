import { EnneadError, kindOf } from '../kernel/errors.ts'
import type { FailureKind } from '../kernel/errors.ts'

/** The kind of what an agent threw. An agent that stopped although nobody had left has failed. */
export function kindOfAgentFailure(failure: unknown): FailureKind {
  const kind = kindOf(failure)
  return kind === 'cancelled' ? 'fault' : kind
}

export function agentTimeout(agent: string, operation: string, allowedMs: number): EnneadError {
  return new EnneadError(
    'AGENT_TIMEOUT',
    `agent "${agent}" did not answer ${operation} within ${Math.round(allowedMs)} ms`,
  )
}

export function notAccepted(agent: string, operation: string, cause: unknown): EnneadError {
  return new EnneadError('AGENT_FAULT', `agent "${agent}" answered ${operation} with nonsense`, { cause })
}

export function noAgentFor(domain: string, operation: string, has: number, needs: number): EnneadError {
  const what = needs === 1 ? 'has no agent' : `needs ${needs} agents and has ${has}`
  return new EnneadError('UNAVAILABLE', `the ${domain} domain ${what} for ${operation}`)
}

export function domainClosed(domain: string): EnneadError {
  return new EnneadError('UNAVAILABLE', `the ${domain} domain is closed`)
}

export function domainFull(domain: string, operation: string, retryAfterMs: number): EnneadError {
  return overloaded(`the ${domain} domain is full and refused ${operation}`, retryAfterMs)
}

export function operationOpen(domain: string, operation: string, restMs: number): EnneadError {
  const retryAfterMs = Math.max(1, Math.ceil(restMs))
  return overloaded(`the ${domain} domain rests from ${operation}, retry in ${retryAfterMs} ms`, retryAfterMs)
}

export function deadlineExceeded(
  domain: string,
  operation: string,
  failures: readonly unknown[],
): EnneadError {
  return new EnneadError(
    'DEADLINE_EXCEEDED',
    `the time for ${operation} in the ${domain} domain is used up`,
    {
      cause: failures.length === 0 ? undefined : new AggregateError(failures),
    },
  )
}

export function unknownOutcome(domain: string, operation: string, cause: unknown): EnneadError {
  return new EnneadError(
    'UNKNOWN_COMMIT_OUTCOME',
    `${operation} in the ${domain} domain may or may not have happened`,
    { cause },
  )
}

/** What a call rejects with when no agent is left to ask: OVERLOADED when none did any work, else UNAVAILABLE. */
export function noneAnswered(
  domain: string,
  operation: string,
  failures: readonly unknown[],
  agents: number,
  disagreed: boolean,
  retryAfterMs: number,
): EnneadError {
  if (!disagreed && failures.every(failure => kindOf(failure) === 'overload')) {
    return overloaded(
      `all ${agents} agents of the ${domain} domain refused ${operation} for now`,
      longestRetry(failures, retryAfterMs),
      failures,
    )
  }
  const what = disagreed ? 'agents do not agree' : `none of ${agents} agents answered`
  return new EnneadError('UNAVAILABLE', `the ${domain} domain could not do ${operation}: ${what}`, {
    cause: new AggregateError(failures),
  })
}

/** The error for a caller that left: its own reason if that says how, else CANCELLED. */
export function callerLeft(reason: unknown): EnneadError {
  if (reason instanceof EnneadError && (reason.kind === 'cancelled' || reason.kind === 'expired'))
    return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new EnneadError('DEADLINE_EXCEEDED', "the caller's time is used up", { cause: reason })
  }
  return new EnneadError('CANCELLED', 'the caller left before the answer', { cause: reason })
}

function overloaded(message: string, retryAfterMs: number, failures: readonly unknown[] = []): EnneadError {
  return new EnneadError('OVERLOADED', message, {
    facts: { retryAfterMs },
    cause: failures.length === 0 ? undefined : new AggregateError(failures),
  })
}

function longestRetry(failures: readonly unknown[], atLeastMs: number): number {
  let longest = atLeastMs
  for (const failure of failures) {
    const given = failure instanceof EnneadError ? failure.facts['retryAfterMs'] : undefined
    if (typeof given === 'number' && given > longest) longest = given
  }
  return longest
}
