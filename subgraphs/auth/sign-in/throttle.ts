import type { Clock } from '../../../kernel/clock.ts'

export interface ThrottleOptions {
  /** Failed sign-ins to one account within the window. Default 5. */
  readonly accountMax?: number
  /** Failed sign-ins from one address within the window. Default 30: many people share one. */
  readonly addressMax?: number
  /** Milliseconds. Default 60,000. */
  readonly windowMs?: number
  /** Accounts, and addresses, kept; the one seen longest ago is forgotten first. Default 10,000. */
  readonly entriesMax?: number
}

export const throttleDefaults = {
  accountMax: 5,
  addressMax: 30,
  windowMs: 60_000,
  entriesMax: 10_000,
} as const

/** An attempt that was let in. It counts as failed unless it is taken back. */
export interface Admission {
  takeBack(): void
}

/**
 * Bounds password guessing by account and by address. An attempt counts from its beginning, so that many at once do
 * not slip through; one that succeeds is taken back. Accounts need not exist: known and unknown ones are alike.
 */
export class SignInThrottle {
  readonly #accounts: Window
  readonly #addresses: Window

  constructor(clock: Clock, options: ThrottleOptions = {}) {
    const { accountMax, addressMax, windowMs, entriesMax } = { ...throttleDefaults, ...options }
    this.#accounts = new Window(clock, accountMax, windowMs, entriesMax)
    this.#addresses = new Window(clock, addressMax, windowMs, entriesMax)
  }

  /** Undefined: too many attempts have failed of late. */
  admit(account: string, address: string | undefined): Admission | undefined {
    if (this.#accounts.full(account)) return undefined
    if (address !== undefined && this.#addresses.full(address)) return undefined
    const atAccount = this.#accounts.add(account)
    const atAddress = address === undefined ? undefined : this.#addresses.add(address)
    return {
      takeBack: () => {
        this.#accounts.takeBack(account, atAccount)
        if (address !== undefined && atAddress !== undefined) this.#addresses.takeBack(address, atAddress)
      },
    }
  }
}

/** Times of recent attempts by key. */
class Window {
  readonly #clock: Clock
  readonly #max: number
  readonly #windowMs: number
  readonly #entriesMax: number
  readonly #times = new Map<string, number[]>()

  constructor(clock: Clock, max: number, windowMs: number, entriesMax: number) {
    this.#clock = clock
    this.#max = max
    this.#windowMs = windowMs
    this.#entriesMax = entriesMax
  }

  full(key: string): boolean {
    return this.#recent(key).length >= this.#max
  }

  add(key: string): number {
    const now = this.#clock.now()
    const times = [...this.#recent(key), now]
    this.#times.delete(key)
    this.#times.set(key, times)
    const oldest = this.#times.keys().next()
    if (this.#times.size > this.#entriesMax && oldest.done !== true) this.#times.delete(oldest.value)
    return now
  }

  takeBack(key: string, at: number): void {
    const times = this.#times.get(key)
    const index = times?.indexOf(at) ?? -1
    if (index >= 0) times?.splice(index, 1)
    if (times?.length === 0) this.#times.delete(key)
  }

  #recent(key: string): readonly number[] {
    const since = this.#clock.now() - this.#windowMs
    return (this.#times.get(key) ?? []).filter(time => time > since)
  }
}
