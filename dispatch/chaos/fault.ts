import { EnneadError } from '../../kernel/errors.ts'

/**
 * What can be made to happen to an attempt:
 * - `error`: the agent refuses at once; no work was done.
 * - `latency`: it answers, `ms` later.
 * - `hang`: it never answers and does not notice that it was given up.
 * - `crash`: the connection breaks while it works; the work may have been done.
 * - `corrupt`: it answers, and the answer fails its check.
 */
export const faultKinds = ['error', 'latency', 'hang', 'crash', 'corrupt'] as const
export type FaultKind = (typeof faultKinds)[number]

/** A kind of fault for some agents and operations. */
export interface FaultRule {
  /** `*` for all. Default `*`. */
  readonly domain?: string
  /** `*` for all. Default `*`. */
  readonly agent?: string
  /** `*` for all. Default `*`. */
  readonly operation?: string
  readonly kind: FaultKind
  /** Share of attempts. 0 to 1; rates of rules that meet add up, what exceeds 1 does not come about. */
  readonly rate: number
  /** For `latency`. Milliseconds, 1 to 60,000. Default 100. */
  readonly ms?: number
}

/** Everything that decides which attempts fail, and how. */
export interface FaultSetting {
  /** Another seed, other faults. Default 1. */
  readonly seed?: number
  /** Only attempts of requests whose id begins like this are touched and counted. Default: all are. */
  readonly requests?: string
  /** The first rule whose share an attempt falls into applies. At most 100. */
  readonly rules: readonly FaultRule[]
}

const rulesMax = 100
const latencyMsMax = 60_000
const latencyMs = 100

/** A rule with its defaults. */
export type CheckedRule = Required<FaultRule>

/** Throws BAD_OPTION naming the field and its value when one is not allowed. */
export function checkRules(rules: readonly FaultRule[]): readonly CheckedRule[] {
  if (rules.length > rulesMax) {
    throw new EnneadError('BAD_OPTION', `rules may be at most ${rulesMax}, got ${rules.length}`)
  }
  return rules.map(given => {
    const rule = { domain: '*', agent: '*', operation: '*', ms: latencyMs, ...given }
    if (!faultKinds.includes(rule.kind)) {
      throw new EnneadError('BAD_OPTION', `kind must be one of ${faultKinds.join(', ')}, got ${rule.kind}`)
    }
    if (!(rule.rate >= 0 && rule.rate <= 1)) {
      throw new EnneadError('BAD_OPTION', `rate must be a number from 0 to 1, got ${rule.rate}`)
    }
    if (!(rule.ms >= 1 && rule.ms <= latencyMsMax)) {
      throw new EnneadError('BAD_OPTION', `ms must be a number from 1 to ${latencyMsMax}, got ${rule.ms}`)
    }
    return rule
  })
}

/**
 * Rules as an operator writes them: `db.sql/read=error:0.15`, `api.*=latency:0.1:200`, `*=hang:1`. Domain, agent and
 * operation may each be `*`; behind the rate come the milliseconds of a latency. Throws BAD_OPTION.
 */
export function parseRule(text: string): FaultRule {
  const match = /^(?:\*|([a-z]+)\.([a-z]+|\*))(?:\/([A-Za-z]+|\*))?=([a-z]+):([\d.]+)(?::([\d.]+))?$/.exec(
    text,
  )
  const kind = faultKinds.find(known => known === match?.[4])
  if (match === null || kind === undefined) {
    const form = 'domain.agent/operation=kind:rate, e.g. db.sql/read=error:0.15'
    throw new EnneadError('BAD_OPTION', `${JSON.stringify(text)} is not of the form ${form}`)
  }
  const [, domain = '*', agent = '*', operation = '*', , rate, ms] = match
  const rule = { domain, agent, operation, kind, rate: Number(rate) }
  return ms === undefined ? rule : { ...rule, ms: Number(ms) }
}
