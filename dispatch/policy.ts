import { isDeepStrictEqual } from 'node:util'
import { EnneadError } from '../kernel/errors.ts'
import { checkDuration, checkInteger } from '../kernel/check.ts'

/**
 * How an operation of a port uses its agents. One engine runs them all: ask `fan` agents at once, ask one more after
 * every failure and after every `delay`, and answer when `need` agents have answered.
 */
export interface Policy {
  /** Agents asked at the start. 1 to 31. */
  readonly fan: number
  /** Answers needed. 1 to `fan`. */
  readonly need: number
  /** One more agent is asked after this long without an answer. Milliseconds; `p95`: of this operation's recent answers; Infinity: never. */
  readonly delay: number | 'p95'
  /** Answers count together only when they are the same. Default: any answers do. */
  readonly same?: (left: unknown, right: unknown) => boolean
  /** An answer that is not accepted is a fault of its agent. Default: all are. */
  readonly accept?: (answer: unknown) => boolean
  /** May it be repeated when its first outcome is unknown? If not, it is asked of one agent after another, and never again once it may have happened. */
  readonly idempotent: boolean
  /** `order`: agents as they were given. `load`: the one expected to answer first. Open agents come last in both. Default `load`. */
  readonly preference?: 'order' | 'load'
  /** Agents still at work when enough have answered may go on until their attempt ends. Default false. */
  readonly keepOthers?: boolean
  /** Attempts of one call, all together. At least `need`. Default: as many as rounds, budget and time allow. */
  readonly attemptsMax?: number
  /** Milliseconds one attempt gets. Default: the domain's. */
  readonly attemptMs?: number
  /** Milliseconds the whole call gets. Default: the domain's. */
  readonly timeoutMs?: number
}

/** One agent at a time, the next at once when it fails. */
export const failover: Policy = { fan: 1, need: 1, delay: Infinity, idempotent: true }

/** One agent, and another one beside it when no answer came within `delay` (milliseconds, or the operation's p95). */
export function hedge(delay: number | 'p95' = 'p95'): Policy {
  return checkPolicy('hedge', { ...failover, delay })
}

/** `fan` agents at once; the first answer wins. */
export function race(fan = 2): Policy {
  return checkPolicy('race', { ...failover, fan })
}

/** The answer that `need` agents give alike. `same` compares two answers; by default their structure must be equal. */
export function quorum(
  need = 2,
  same: (left: unknown, right: unknown) => boolean = isDeepStrictEqual,
): Policy {
  return checkPolicy('quorum', { ...failover, fan: need, need, same })
}

/** `fan` agents at once, done when `need` of them have answered; the others may finish. Answers with the last answer needed. */
export function all(fan: number, need: number = fan): Policy {
  return checkPolicy('all', { ...failover, fan, need, keepOthers: true })
}

/** The same policy for an operation that must not be repeated when its outcome is unknown. */
export function once(policy: Policy): Policy {
  return { ...policy, idempotent: false }
}

/** The policy itself; throws BAD_OPTION naming `name`, the field and its value when one is not allowed. */
export function checkPolicy(name: string, policy: Policy): Policy {
  checkInteger(`${name}.fan`, policy.fan, 1, 31)
  checkInteger(`${name}.need`, policy.need, 1, policy.fan)
  if (policy.delay !== 'p95' && policy.delay !== Infinity) checkDuration(`${name}.delay`, policy.delay)
  if (policy.attemptsMax !== undefined) {
    checkInteger(`${name}.attemptsMax`, policy.attemptsMax, policy.need, 1_000_000)
  }
  if (policy.attemptMs !== undefined) checkDuration(`${name}.attemptMs`, policy.attemptMs)
  if (policy.timeoutMs !== undefined) checkDuration(`${name}.timeoutMs`, policy.timeoutMs)
  const { preference } = policy
  if (preference !== undefined && preference !== 'order' && preference !== 'load') {
    throw new EnneadError('BAD_OPTION', `${name}.preference must be order or load, got ${String(preference)}`)
  }
  return policy
}
