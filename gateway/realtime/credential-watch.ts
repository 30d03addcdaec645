import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import type { Log } from '../../kernel/log.ts'
import type { Identity } from '../admission/identity.ts'
import { RequestBudget } from '../admission/request-budget.ts'
import type { Caller } from '../admission/run-operation.ts'
import { authorisationScope } from './authorisation-scope.ts'

export interface CredentialWatchOptions {
  /** Undefined: credentials are not looked at. */
  readonly identity: Identity | undefined
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds for a question to the authority. */
  readonly timeoutMs: number
  /** How often `check` is called, milliseconds. Answers that are much younger do for all connections of a credential. */
  readonly everyMs: number
}

/** What a connection does about its credential. */
export interface CredentialEvents {
  /** The same principal has other rights now. */
  changed(caller: Caller): void
  /** It is not valid any more. */
  revoked(): void
}

/** An answer of this part of a round is young. */
const youngShare = 0.1

/**
 * Asks again, while a connection lasts, what its credential allows. When the authority cannot answer, what it said last
 * stays: an outage of it must not cut everybody off.
 */
export class CredentialWatch {
  readonly #options: CredentialWatchOptions
  readonly #credential: string | undefined
  readonly #events: CredentialEvents
  #caller: Caller
  #asking = false
  /** Something has changed since the question under way. */
  #changed = false

  constructor(
    options: CredentialWatchOptions,
    credential: string | undefined,
    caller: Caller,
    events: CredentialEvents,
  ) {
    this.#options = options
    this.#credential = credential
    this.#caller = caller
    this.#events = events
  }

  /** Never rejects. */
  check(): Promise<void> {
    return this.#ask(this.#options.everyMs * youngShare)
  }

  /** The same, by an answer to a question that is asked from now on. */
  async checkNow(): Promise<void> {
    this.#changed = true
    while (this.#changed && !this.#asking) {
      this.#changed = false
      await this.#ask(0)
    }
  }

  async #ask(ageMsMax: number): Promise<void> {
    const { identity, clock, timeoutMs, log } = this.#options
    if (identity === undefined || this.#credential === undefined || this.#asking) return
    this.#asking = true
    const budget = new RequestBudget(clock, timeoutMs)
    try {
      const principal = await identity.recheck(this.#credential, budget.signal, ageMsMax)
      const caller = { ...this.#caller, principal }
      if (authorisationScope(caller) === authorisationScope(this.#caller)) return
      this.#caller = caller
      this.#events.changed(caller)
    } catch (failure) {
      if (failure instanceof EnneadError && failure.code === 'UNAUTHENTICATED') this.#events.revoked()
      else log.warn('credential.unchecked', { failure })
    } finally {
      budget.end()
      this.#asking = false
    }
    if (this.#changed) await this.checkNow()
  }
}
