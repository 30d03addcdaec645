import type { Clock } from '../../kernel/clock.ts'
import { EnneadError, kindOf } from '../../kernel/errors.ts'
import type { ErrorCode } from '../../kernel/errors.ts'
import type { HotOperation } from '../operation/hot-operation.ts'

export interface PlanCacheOptions {
  /** Plans and refusals kept at most. */
  readonly entriesMax: number
  /** Sum of their sizes kept at most, in bytes. */
  readonly bytesMax: number
  readonly clock: Clock
}

/** A plan that was made, and about how many bytes it and what hangs on it take. */
export interface Made<Planned> {
  readonly planned: Planned
  readonly bytes: number
}

export interface PlanKey {
  readonly text: string
  readonly operationName: string | undefined
  /** What else the plan depends on. Default: nothing. */
  readonly variant?: string | undefined
}

type Outcome<Planned> =
  | { readonly kind: 'planned'; readonly planned: Planned }
  | { readonly kind: 'refused'; readonly failure: unknown; readonly until: number }

interface Entry<Planned> {
  readonly key: PlanKey
  readonly outcome: Outcome<Planned>
  readonly bytes: number
  uses: number
}

/** Refusals that may have been the machine's fault, or a planner's that is better the next time, are tried again. */
const triedAgain: ReadonlySet<unknown> = new Set<ErrorCode>(['LIMIT_PLANNING', 'QUERY_PLAN_FAILED'])

/** After this many milliseconds. */
const triedAgainMs = 60_000

/**
 * Keeps the plans that were used last, within a number of entries and of bytes. Requests for a plan that is being made
 * share it. Refusals are kept as well, because finding them out may have been expensive, and so is for a while that no planner can plan
 * an operation; other faults are not.
 */
export class PlanCache<Planned> {
  readonly #options: PlanCacheOptions
  /** From the one used longest ago to the one used last. */
  readonly #entries = new Map<string, Entry<Planned>>()
  readonly #making = new Map<string, Promise<Planned>>()
  #bytes = 0

  /** Throws BAD_OPTION. */
  constructor(options: PlanCacheOptions) {
    const { entriesMax, bytesMax } = options
    for (const [name, value] of Object.entries({ entriesMax, bytesMax })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new EnneadError('BAD_OPTION', `${name} must be an integer >= 1, got ${value}`)
      }
    }
    this.#options = options
  }

  get count(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The plan, made by `make` when it is not known. With `keep` false a plan made now serves only those who wait for it. */
  async planned(key: PlanKey, make: () => Promise<Made<Planned>>, keep = true): Promise<Planned> {
    const id = idOf(key)
    const known = this.#used(id)
    if (known !== undefined) {
      if (known.kind === 'refused') throw known.failure
      return known.planned
    }
    const making = this.#making.get(id) ?? this.#make(id, key, make, keep)
    return making
  }

  /** The operations asked for most whose plan is `good`, at most `max`, most first. */
  hottest(max: number, good: (planned: Planned) => boolean = () => true): readonly HotOperation[] {
    return [...this.#entries.values()]
      .filter(({ outcome }) => outcome.kind === 'planned' && good(outcome.planned))
      .sort((a, b) => b.uses - a.uses)
      .slice(0, max)
      .map(({ key: { text, operationName }, uses }) => ({ text, operationName, uses }))
  }

  /** Says how often a plan that is kept was asked for, when that is known from elsewhere. */
  setUses(key: PlanKey, uses: number): void {
    const entry = this.#entries.get(idOf(key))
    if (entry !== undefined) entry.uses = uses
  }

  #used(id: string): Outcome<Planned> | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    const { outcome } = entry
    this.#delete(id)
    if (outcome.kind === 'refused' && outcome.until <= this.#options.clock.now()) return undefined
    entry.uses++
    // A Map iterates in insertion order: inserted anew, the entry is the youngest.
    this.#entries.set(id, entry)
    this.#bytes += entry.bytes
    return outcome
  }

  #make(id: string, key: PlanKey, make: () => Promise<Made<Planned>>, keep: boolean): Promise<Planned> {
    const made = make().then(
      ({ planned, bytes }) => {
        if (keep) this.#set(id, key, { kind: 'planned', planned }, bytes)
        return planned
      },
      (failure: unknown) => {
        const again = failure instanceof EnneadError && triedAgain.has(failure.code)
        if (keep && (again || kindOf(failure) === 'caller')) {
          const until = again ? this.#options.clock.now() + triedAgainMs : Number.POSITIVE_INFINITY
          this.#set(id, key, { kind: 'refused', failure, until }, 1_000)
        }
        throw failure
      },
    )
    const making = made.finally(() => this.#making.delete(id))
    this.#making.set(id, making)
    return making
  }

  #set(id: string, key: PlanKey, outcome: Outcome<Planned>, planBytes: number): void {
    const { entriesMax, bytesMax } = this.#options
    const bytes = planBytes + 2 * id.length
    // One that is larger than the whole cache would only push out all others.
    if (bytes > bytesMax) return
    this.#entries.set(id, { key, outcome, bytes, uses: 1 })
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entriesMax && this.#bytes <= bytesMax) break
      this.#delete(oldest)
    }
  }

  #delete(id: string): void {
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0
    this.#entries.delete(id)
  }
}

function idOf({ text, operationName, variant }: PlanKey): string {
  return `${variant ?? ''}\n${operationName ?? ''}\n${text}`
}
