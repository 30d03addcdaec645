import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { EnneadError } from '../../../kernel/errors.ts'

const derive = promisify(argon2)

/** OWASP's minimum for argon2id: 19 MiB, two passes, one lane; about 25 ms of one core. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 } as const
const saltBytes = 16
const tagBytes = 32
const form = /^argon2id\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([\w-]{22})\$([\w-]{43})$/

/** Derivations at once: each holds 19 MiB and a thread of the pool that file access also needs. */
const runningMax = 2
/** Derivations that wait, about half a second's worth. */
const waitingMax = 32

/** Hashes and checks passwords, a few at a time. */
export class PasswordHasher {
  #running = 0
  readonly #waiting = new Set<() => void>()
  readonly #dummy: Promise<string>

  constructor() {
    // Made before anybody asks: the first unknown account must not take twice as long.
    this.#dummy = this.hash(randomBytes(saltBytes).toString('base64url'))
    this.#dummy.catch(() => undefined)
  }

  /** `argon2id$m=…,t=…,p=…$<salt>$<tag>`, both base64url. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes)
    const tag = await this.#derive(password, salt, cost.memory, cost.passes, cost.parallelism)
    const { memory, passes, parallelism } = cost
    return `argon2id$m=${memory},t=${passes},p=${parallelism}$${salt.toString('base64url')}$${tag.toString('base64url')}`
  }

  /**
   * Whether `password` is the one that `hash` was made of. Without a hash it does the same work and answers false, so
   * that time does not tell who has an account. Rejects with OVERLOADED when too many wait, and with the signal's
   * reason when it aborts before the work begins.
   */
  async verify(password: string, hash: string | undefined, signal?: AbortSignal): Promise<boolean> {
    const known = form.exec(hash ?? (await this.#dummy))
    if (known === null) throw new EnneadError('INTERNAL', 'a stored password hash does not have its form')
    const [, memory, passes, parallelism, salt = '', wanted = ''] = known
    const tag = await this.#derive(
      password,
      Buffer.from(salt, 'base64url'),
      Number(memory),
      Number(passes),
      Number(parallelism),
      signal,
    )
    return timingSafeEqual(tag, Buffer.from(wanted, 'base64url')) && hash !== undefined
  }

  async #derive(
    password: string,
    nonce: Buffer,
    memory: number,
    passes: number,
    parallelism: number,
    signal?: AbortSignal,
  ): Promise<Buffer> {
    await this.#enter(signal)
    try {
      const message = password.normalize('NFKC')
      return await derive('argon2id', { message, nonce, memory, passes, parallelism, tagLength: tagBytes })
    } finally {
      this.#leave()
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    if (this.#running < runningMax) {
      this.#running++
      return
    }
    if (this.#waiting.size >= waitingMax) {
      throw new EnneadError('OVERLOADED', 'too many sign-ins at once; try again')
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener('abort', leave)
        this.#running++
        resolve()
      }
      const leave = (): void => {
        this.#waiting.delete(enter)
        reject(signal?.reason)
      }
      this.#waiting.add(enter)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  #leave(): void {
    this.#running--
    const [next] = this.#waiting
    if (next === undefined) return
    this.#waiting.delete(next)
    next()
  }
}
