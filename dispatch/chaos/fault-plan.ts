import { hash } from 'node:crypto'
import type { Attempt } from '../port.ts'
import { checkRules, type CheckedRule, type FaultKind, type FaultSetting } from './fault.ts'

/** One attempt, as faults are decided for it. */
export interface Target {
  readonly domain: string
  readonly agent: string
  readonly operation: string
}

/**
 * Which attempts fail. Decided by a hash of seed, agent, operation, request and attempt: the same request meets the
 * same faults whatever the policy, so that policies can be compared pair by pair. An attempt that belongs to no request
 * goes by how many its agent had before.
 */
export class FaultPlan {
  #seed = 1
  #requests = ''
  #rules: readonly CheckedRule[] = []
  #unnamed = 0
  readonly #injected = new Map<string, Map<FaultKind, number>>()

  /** Replaces all rules. Throws BAD_OPTION. */
  set({ seed = 1, requests = '', rules }: FaultSetting): void {
    this.#rules = checkRules(rules)
    this.#seed = seed
    this.#requests = requests
    this.#unnamed = 0
  }

  get rules(): readonly CheckedRule[] {
    return this.#rules
  }

  /** Whether attempts of this request are touched and counted. */
  concerns(requestId: string | undefined): boolean {
    return this.#requests === '' || (requestId?.startsWith(this.#requests) ?? false)
  }

  /** The fault this attempt is to have. */
  decide(
    target: Target,
    { requestId, number }: Pick<Attempt, 'requestId' | 'number'>,
  ): CheckedRule | undefined {
    if (this.#rules.length === 0 || !this.concerns(requestId)) return undefined
    const rules = this.#rules.filter(rule => meets(rule, target))
    if (rules.length === 0) return undefined
    const request = requestId ?? `#${++this.#unnamed}`
    let left = draw(`${this.#seed} ${target.domain}.${target.agent}/${target.operation} ${request} ${number}`)
    for (const rule of rules) {
      if (left < rule.rate) {
        this.#count(target, rule.kind)
        return rule
      }
      left -= rule.rate
    }
    return undefined
  }

  /** Faults since the last `forget`, by `domain.operation` and kind. */
  injected(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    return Object.fromEntries([...this.#injected].map(([name, kinds]) => [name, Object.fromEntries(kinds)]))
  }

  forget(): void {
    this.#injected.clear()
  }

  #count({ domain, operation }: Target, kind: FaultKind): void {
    const name = `${domain}.${operation}`
    const kinds = this.#injected.get(name) ?? new Map<FaultKind, number>()
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    this.#injected.set(name, kinds)
  }
}

function meets(rule: CheckedRule, target: Target): boolean {
  return (
    (rule.domain === '*' || rule.domain === target.domain) &&
    (rule.agent === '*' || rule.agent === target.agent) &&
    (rule.operation === '*' || rule.operation === target.operation)
  )
}

/** A number in [0, 1) that depends on every character and looks random: a cryptographic hash leaves no doubt about that. */
function draw(text: string): number {
  return hash('sha256', text, 'buffer').readUInt32BE(0) / 2 ** 32
}
