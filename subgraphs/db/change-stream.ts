import { type ChangeFeed, type FeedPage, feedWaitMax } from './change-feed.ts'

/** Entries of one page of the stream. */
const pageMax = 200

/**
 * The change log as it grows: pages behind `after`, or behind the head. The first page comes at once, empty when there
 * is nothing yet, so that a follower knows where it stands; later ones hold at least one entry. Written by hand so that
 * `return()` ends a waiting `next()` at once. A failure ends it.
 */
export class ChangeStream implements AsyncIterableIterator<FeedPage> {
  readonly #feed: ChangeFeed
  readonly #left = new AbortController()
  #after: string | undefined
  #begun = false
  #turn: Promise<unknown> = Promise.resolve()

  constructor(feed: ChangeFeed, after: string | undefined) {
    this.#feed = feed
    this.#after = after
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<FeedPage>> {
    const result = this.#turn.then(() => this.#read())
    this.#turn = result.catch(() => this.#left.abort())
    return result
  }

  return(): Promise<IteratorResult<FeedPage>> {
    this.#left.abort()
    return Promise.resolve({ done: true, value: undefined })
  }

  async #read(): Promise<IteratorResult<FeedPage>> {
    const { signal } = this.#left
    while (!signal.aborted) {
      const waitMs = this.#begun ? feedWaitMax : 0
      const page = await this.#feed.read({ after: this.#after, first: pageMax, waitMs }, signal)
      this.#after = page.next
      const tells = page.entries.length > 0 || !this.#begun
      this.#begun = true
      if (tells && !signal.aborted) return { done: false, value: page }
    }
    return { done: true, value: undefined }
  }
}
