import { createHash } from 'node:crypto'
import { systemClock } from '../../kernel/clock.ts'
import type { Clock } from '../../kernel/clock.ts'
import { EnneadError } from '../../kernel/errors.ts'
import { silentLog } from '../../kernel/log.ts'
import type { Log } from '../../kernel/log.ts'
import type { SupergraphFeed } from './supergraph-feed.ts'
import type { Consider, SupergraphSource, SupergraphStatus } from './supergraph-source.ts'
import type { Supergraph } from './supergraph-facts.ts'
import { loadSupergraph } from './supergraph.ts'

export interface LiveSupergraphOptions {
  /** Without a good one at the start: reject, or begin without any and go on looking. Default `reject`. */
  readonly withoutFirst?: 'reject' | 'wait'
  /** Makes its text usable, or rejects with SUPERGRAPH_INVALID. Default: in this thread, which then does nothing else. */
  readonly load?: (sdl: string) => Promise<Supergraph>
  /** Told of every supergraph that is in use from now on, the first one included. Default: nobody is. */
  readonly taken?: (supergraph: Supergraph) => void
  /** Default: nothing is logged. */
  readonly log?: Log
  /** Default: the system's. */
  readonly clock?: Clock
}

/** Supergraphs that can be gone back to; each costs its text. */
const earlierMax = 5
/** Supergraphs remembered as rolled back from. */
const withdrawnMax = 100

interface Past {
  readonly sdl: string
  readonly hash: string
}

/**
 * The supergraph that a feed offers, replaced whenever it offers another good one. A bad one never replaces a good one:
 * `status()` says why it was not taken. Rejects with what `feed.read()` rejects with or SUPERGRAPH_INVALID when the
 * first one cannot be used, unless told to wait.
 */
export async function liveSupergraph(
  feed: SupergraphFeed,
  options: LiveSupergraphOptions = {},
): Promise<LiveSupergraph> {
  const live = new LiveSupergraph(feed, options)
  try {
    await live.reload()
  } catch (failure) {
    if (options.withoutFirst !== 'wait') {
      await live.close()
      throw failure
    }
  }
  live.watch()
  return live
}

/** Made by `liveSupergraph`. */
export class LiveSupergraph implements SupergraphSource {
  readonly #feed: SupergraphFeed
  readonly #log: Log
  readonly #clock: Clock
  readonly #waits: boolean
  readonly #load: (sdl: string) => Promise<Supergraph>
  readonly #taken: (supergraph: Supergraph) => void
  #consider: Consider = () => Promise.resolve({ commit: () => undefined, drop: () => undefined })
  /** The end of the line: one change at a time. */
  #turn: Promise<unknown> = Promise.resolve()
  #readAsked = false
  #current: Supergraph | undefined
  #takenAt: number | undefined
  #refused: { readonly reason: string; readonly at: number } | undefined
  /** The text read last and what became of it, so that a file that was only touched is not judged again. */
  #judged: { readonly text: string; readonly reason: string | undefined } | undefined
  #earlier: readonly Past[] = []
  readonly #withdrawn = new Set<string>()
  #closed = false

  constructor(feed: SupergraphFeed, options: LiveSupergraphOptions) {
    this.#feed = feed
    this.#log = options.log ?? silentLog
    this.#clock = options.clock ?? systemClock
    this.#load = options.load ?? (async sdl => loadSupergraph(sdl))
    this.#taken = options.taken ?? (() => undefined)
    this.#waits = options.withoutFirst === 'wait'
  }

  current(): Supergraph | undefined {
    return this.#current
  }

  status(): SupergraphStatus {
    const now = this.#clock.wall()
    const at = (time: number): { since: string; ageMs: number } => ({
      since: new Date(time).toISOString(),
      ageMs: Math.max(0, Math.round(now - time)),
    })
    const taken = this.#takenAt === undefined ? undefined : at(this.#takenAt)
    const refused = this.#refused
    return {
      from: this.#feed.name,
      hash: this.#current?.hash,
      since: taken?.since,
      ageMs: taken?.ageMs,
      refused: refused === undefined ? undefined : { reason: refused.reason, ...at(refused.at) },
      earlier: this.#earlier.map(({ hash }) => hash),
    }
  }

  considerBy(consider: Consider): void {
    this.#consider = consider
  }

  watch(): void {
    this.#feed.watch(() => {
      // What asks while another reading waits for its turn will be served by that one.
      if (this.#readAsked || this.#closed) return
      this.#readAsked = true
      // What went wrong is in the status and in the log.
      this.#inTurn(() => this.#read('changed')).catch(() => undefined)
    })
  }

  /**
   * Reads now and takes what is there, even if it was rolled back from or refused before. Resolves with its hash;
   * rejects with the reason when it is refused.
   */
  reload(): Promise<string> {
    return this.#inTurn(() => this.#read('asked'))
  }

  /**
   * Goes back to the supergraph in use before this one, which is not taken again until the feed offers another or
   * `reload` is called. Resolves with the hash; rejects with NOT_FOUND when there is none, or why it cannot be served.
   */
  rollback(): Promise<string> {
    return this.#inTurn(async () => {
      const [target, ...rest] = this.#earlier
      const left = this.#current
      if (target === undefined || left === undefined) {
        throw new EnneadError('NOT_FOUND', 'there is no earlier supergraph to go back to')
      }
      await this.#take(await this.#load(target.sdl))
      this.#earlier = rest
      this.#withdraw(left.hash)
      this.#refuse(`${short(left.hash)} was rolled back; it is taken again on request only`)
      this.#log.warn('supergraph.rolled-back', { from: left.hash, to: target.hash })
      return target.hash
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#feed.close()
    await this.#turn
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      if (this.#closed) throw new EnneadError('CANCELLED', 'the gateway stops')
      return work()
    })
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #read(why: 'changed' | 'asked'): Promise<string> {
    this.#readAsked = false
    try {
      const text = await this.#feed.read()
      return await this.#judge(text, why)
    } catch (failure) {
      const reason = failure instanceof EnneadError ? failure.message : 'it cannot be used'
      // The first one that is needed at once is told by rejecting.
      const told = this.#current !== undefined || this.#waits
      if (!this.#closed && this.#refuse(reason) && told) {
        const kept = this.#current?.hash
        this.#log.error('supergraph.refused', { from: this.#feed.name, failure, kept })
      }
      throw failure
    }
  }

  async #judge(text: string, why: 'changed' | 'asked'): Promise<string> {
    const judged = this.#judged
    const hash = createHash('sha256').update(text).digest('hex')
    if (why === 'changed') {
      if (this.#withdrawn.has(hash)) {
        throw invalid(`${short(hash)} was rolled back; it is taken again on request only`)
      }
      if (judged?.text === text && judged.reason !== undefined) throw invalid(judged.reason)
    }
    try {
      if (this.#current?.hash !== hash) await this.#replace(await this.#load(text))
    } catch (failure) {
      const reason = failure instanceof EnneadError ? failure.message : 'it cannot be used'
      this.#judged = { text, reason }
      throw failure
    }
    this.#judged = { text, reason: undefined }
    this.#withdrawn.delete(hash)
    this.#refused = undefined
    return hash
  }

  async #replace(supergraph: Supergraph): Promise<void> {
    const previous = this.#current
    await this.#take(supergraph)
    if (previous !== undefined) {
      const { sdl, hash } = previous
      const others = this.#earlier.filter(past => past.hash !== hash && past.hash !== supergraph.hash)
      this.#earlier = [{ sdl, hash }, ...others].slice(0, earlierMax)
    }
    this.#log.info('supergraph.loaded', { from: this.#feed.name, hash: supergraph.hash })
  }

  async #take(supergraph: Supergraph): Promise<void> {
    const considered = await this.#consider(supergraph)
    if (this.#closed) {
      considered.drop()
      throw new EnneadError('CANCELLED', 'the gateway stops')
    }
    considered.commit()
    this.#current = supergraph
    this.#takenAt = this.#clock.wall()
    this.#refused = undefined
    this.#taken(supergraph)
  }

  /** False: it was refused for the same reason already. */
  #refuse(reason: string): boolean {
    if (this.#refused?.reason === reason) return false
    this.#refused = { reason, at: this.#clock.wall() }
    return true
  }

  #withdraw(hash: string): void {
    this.#withdrawn.add(hash)
    const [oldest] = this.#withdrawn
    if (this.#withdrawn.size > withdrawnMax && oldest !== undefined) this.#withdrawn.delete(oldest)
  }
}

function short(hash: string): string {
  return `supergraph ${hash.slice(0, 12)}`
}

function invalid(reason: string): EnneadError {
  return new EnneadError('SUPERGRAPH_INVALID', reason)
}
