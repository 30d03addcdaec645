import { type Clock, sleep } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import type { DirectoryRecord } from '../authority.ts'
import type { DirectoryStore } from './directory-store.ts'

export type OpenDirectory = (path: string, signal?: AbortSignal) => Promise<DirectoryStore>

type Phase =
  | { readonly is: 'unopened' }
  | { readonly is: 'open'; readonly store: DirectoryStore }
  | { readonly is: 'failing'; readonly failure: EnneadError }
  | { readonly is: 'closed' }

/** How long a store may take to make one write durable before the others answer without it. */
const putMsMax = 2_000

/** One copy of the directory: its store, whether it is open, and whether it may have missed a write. */
export class Replica {
  readonly name: string
  readonly path: string
  readonly #open: OpenDirectory
  readonly #clock: Clock
  #phase: Phase = { is: 'unopened' }
  /** Writes it may have missed since it was last compared; one before the first comparison, for what came before. */
  #missed = 1
  #lacking = false

  constructor(name: string, path: string, open: OpenDirectory, clock: Clock) {
    this.name = name
    this.path = path
    this.#open = open
    this.#clock = clock
  }

  /** The open store, or undefined. */
  get store(): DirectoryStore | undefined {
    return this.#phase.is === 'open' ? this.#phase.store : undefined
  }

  /** It is open and has missed nothing. */
  get current(): boolean {
    return this.#phase.is === 'open' && this.#missed === 0
  }

  /** Changes with every write it misses. */
  get missed(): number {
    return this.#missed
  }

  /** Another copy has taken a write that this one has not: it would tell the past. */
  get lacking(): boolean {
    return this.#lacking
  }

  /** Why it cannot be used; undefined when it can. */
  get failure(): EnneadError | undefined {
    return this.#phase.is === 'failing' ? this.#phase.failure : undefined
  }

  /** Tries to open the store; how that went is in `failure`. */
  async open(signal?: AbortSignal): Promise<void> {
    if (this.#phase.is === 'open' || this.#phase.is === 'closed') return
    try {
      const store = await this.#open(this.path, signal)
      // It was closed meanwhile.
      if (this.#isClosed()) await store.close()
      else this.#phase = { is: 'open', store }
    } catch (cause) {
      const failure =
        cause instanceof EnneadError
          ? cause
          : new EnneadError('DATA_FOLDER_UNREADABLE', `the directory in ${this.path} cannot be opened`, {
              cause,
            })
      if (!this.#isClosed()) this.#phase = { is: 'failing', failure }
    }
  }

  /** Writes durably; a write that failed or was not waited for to its end counts as missed. */
  async put(records: readonly DirectoryRecord[]): Promise<void> {
    const { store } = this
    if (store === undefined) {
      this.#missed++
      throw new EnneadError('AGENT_FAULT', `the directory of "${this.name}" is not open`, {
        cause: this.failure,
      })
    }
    const waited = new AbortController()
    try {
      await Promise.race([store.merge(records), this.#limit(waited.signal)])
    } catch (failure) {
      this.#missed++
      throw failure
    } finally {
      waited.abort()
    }
  }

  /** It cannot be relied on until it has been compared. */
  miss(): void {
    this.#missed++
  }

  /** Another copy took what this one has just failed to write. */
  lack(): void {
    this.#lacking = true
  }

  /**
   * It has been compared with `all` other copies, or with those that are open, and has what they have; `missed` is what it
   * was when the comparison began. Only all of them are sure to have a write it lacks.
   */
  caughtUp(missed: number, all: boolean): void {
    if (this.#missed !== missed || (this.#lacking && !all)) return
    this.#missed = 0
    this.#lacking = false
  }

  async close(): Promise<void> {
    const { store } = this
    this.#phase = { is: 'closed' }
    await store?.close()
  }

  async #limit(signal: AbortSignal): Promise<never> {
    await sleep(this.#clock, putMsMax, signal)
    throw new EnneadError(
      'AGENT_TIMEOUT',
      `the directory of "${this.name}" took more than ${putMsMax} ms to write`,
    )
  }

  #isClosed(): boolean {
    return this.#phase.is === 'closed'
  }
}
