import type { Clock } from '../../../kernel/clock.ts'
import { networkOf } from '../../../kernel/network-of.ts'

export interface ThrottleOptions {
  /** Failed sign-ins to one account within the window. Default 5. */
  readonly accountMax?: number
  /** Failed sign-ins from one address within the window. Default 30: many people share one. */
  readonly addressMax?: number
  /** Also how long whoever has failed that often has to wait the first time. Milliseconds. Default 60,000. */
  readonly windowMs?: number
  /** The wait doubles each time, up to this. Milliseconds. Default 900,000: what a stranger can shut somebody out for. */
  readonly restMsMax?: number
  /** Accounts, and addresses, kept; the one seen longest ago is forgotten first. Default 10,000. */
  readonly entriesMax?: number
}

export const throttleDefaults = {
  accountMax: 5,
  addressMax: 30,
  windowMs: 60_000,
  restMsMax: 900_000,
  entriesMax: 10_000,
} as const

/** An attempt that was let in. It counts as failed unless it is taken back. */
export interface Admission {
  takeBack(): void
}

/** Without a wait for so long after the last one, the next is the first again. Milliseconds. */
const forgivenMs = 3_600_000

/**
 * Bounds password guessing by account and by address. An attempt counts from its beginning, so that many at once do
 * not slip through; one that succeeds is taken back. Whoever fails too often waits, twice as long each time. Accounts need not
 * exist: known and unknown ones are alike. Nothing of it outlives the process.
 */
export class SignInThrottle {
  readonly #accounts: Attempts
  readonly #addresses: Attempts

  constructor(clock: Clock, options: ThrottleOptions = {}) {
    const { accountMax, addressMax, ...common } = { ...throttleDefaults, ...options }
    this.#accounts = new Attempts(clock, { ...common, max: accountMax })
    this.#addresses = new Attempts(clock, { ...common, max: addressMax })
  }

  /** Undefined: too many attempts have failed of late. */
  admit(account: string, address: string | undefined): Admission | undefined {
    const network = address === undefined ? undefined : networkOf(address)
    if (this.#accounts.full(account)) return undefined
    if (network !== undefined && this.#addresses.full(network)) return undefined
    const atAccount = this.#accounts.add(account)
    const atAddress = network === undefined ? undefined : this.#addresses.add(network)
    return {
      takeBack: () => {
        this.#accounts.takeBack(account, atAccount)
        if (network !== undefined && atAddress !== undefined) this.#addresses.takeBack(network, atAddress)
      },
    }
  }
}

interface AttemptsOptions {
  readonly max: number
  readonly windowMs: number
  readonly restMsMax: number
  readonly entriesMax: number
}

/** What is known of one key. */
interface Recent {
  /** Of attempts that were not taken back, lately. */
  times: number[]
  /** How often there were too many. */
  waits: number
  waitsUntil: number
}

/** Recent attempts by key. */
class Attempts {
  readonly #clock: Clock
  readonly #options: AttemptsOptions
  readonly #recent = new Map<string, Recent>()

  constructor(clock: Clock, options: AttemptsOptions) {
    this.#clock = clock
    this.#options = options
  }

  full(key: string): boolean {
    const recent = this.#recent.get(key)
    return recent !== undefined && this.#clock.now() < recent.waitsUntil
  }

  add(key: string): number {
    const { max, windowMs, restMsMax, entriesMax } = this.#options
    const now = this.#clock.now()
    const recent = this.#recent.get(key) ?? { times: [], waits: 0, waitsUntil: Number.NEGATIVE_INFINITY }
    recent.times = [...recent.times.filter(time => time > now - windowMs), now]
    if (now - recent.waitsUntil > forgivenMs) recent.waits = 0
    if (recent.times.length >= max) {
      recent.waitsUntil = now + Math.min(windowMs * 2 ** recent.waits, Math.max(windowMs, restMsMax))
      recent.waits += 1
    }
    this.#recent.delete(key)
    this.#recent.set(key, recent)
    const oldest = this.#recent.keys().next()
    if (this.#recent.size > entriesMax && oldest.done !== true) this.#recent.delete(oldest.value)
    return now
  }

  takeBack(key: string, at: number): void {
    const recent = this.#recent.get(key)
    const index = recent?.times.indexOf(at) ?? -1
    if (recent === undefined || index < 0) return
    const wasFull = recent.times.length >= this.#options.max
    recent.times.splice(index, 1)
    if (wasFull && recent.times.length < this.#options.max && this.full(key)) {
      recent.waits -= 1
      recent.waitsUntil = Number.NEGATIVE_INFINITY
    }
    if (recent.times.length === 0 && recent.waits === 0) this.#recent.delete(key)
  }
}
