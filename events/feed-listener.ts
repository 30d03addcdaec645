import type { LogEntry, LogPage } from './event-log.ts'
import { type Position, cursorExpired } from './position.ts'
import type { Ring } from './ring.ts'

/** The feed's newest entries as listeners read them. */
export interface FeedView<Entry extends LogEntry> {
  readonly head: Position
  readonly ring: Ring<Entry>
}

export interface ListenerSteps<Entry extends LogEntry> {
  /** What the feed holds now; undefined until it has found the log's head. */
  readonly view: () => FeedView<Entry> | undefined
  /** A page of entries behind a place the ring no longer reaches. Tries until there is one; rejects for good. */
  readonly older: (after: Position, signal: AbortSignal) => Promise<LogPage<Entry>>
  readonly wanted: (entry: Entry) => boolean
  /** Called once, when the listener has ended for whatever reason. */
  readonly ended: () => void
}

interface Waiting<Entry> {
  readonly settle: (result: IteratorResult<Entry, undefined>) => void
  readonly fail: (failure: unknown) => void
}

const done: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * One reader of a feed. It is a place in the log and nothing else: `next()` takes what stands behind it, from the ring
 * or, when the ring has moved on, from the log. So a slow reader costs no queue, and can neither miss nor repeat.
 */
export class FeedListener<Entry extends LogEntry> implements AsyncIterableIterator<Entry, undefined> {
  readonly #steps: ListenerSteps<Entry>
  readonly #waiting: Waiting<Entry>[] = []
  readonly #left = new AbortController()
  #position: Position | undefined
  #page: { readonly entries: readonly Entry[]; readonly next: Position; at: number } | undefined
  #catchingUp = false
  #ended = false
  readonly #resting: (() => void)[] = []

  /** Reads behind `after`; undefined: behind the head the feed has when it first knows one. */
  constructor(after: Position | undefined, steps: ListenerSteps<Entry>) {
    this.#steps = steps
    this.#position = after ?? steps.view()?.head
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Behind which it reads on; undefined: it has none yet, and the log's head is not known. */
  get position(): Position | undefined {
    return this.#position
  }

  /** Resolves when everything that has happened so far was taken, and `next()` waits. Never, while the log cannot be read. */
  idle(): Promise<void> {
    return new Promise(settle => {
      this.#resting.push(settle)
      this.wake()
    })
  }

  next(): Promise<IteratorResult<Entry, undefined>> {
    if (this.#ended) return Promise.resolve(done)
    return new Promise((settle, fail) => {
      this.#waiting.push({ settle, fail })
      this.wake()
    })
  }

  return(): Promise<IteratorResult<Entry, undefined>> {
    this.#end()
    return Promise.resolve(done)
  }

  /** The feed has more, or knows its head at last. */
  wake(): void {
    this.#position ??= this.#steps.view()?.head
    try {
      while (this.#waiting.length > 0 && !this.#ended) {
        const entry = this.#take()
        if (entry === undefined) return this.#rest()
        this.#waiting.shift()?.settle({ done: false, value: entry })
      }
    } catch (failure) {
      this.#fail(failure)
    }
  }

  #rest(): void {
    if (this.#catchingUp || this.#position === undefined || this.#steps.view() === undefined) return
    for (const settle of this.#resting.splice(0)) settle()
  }

  #take(): Entry | undefined {
    const older = this.#takeOlder()
    if (older !== undefined) return older
    const view = this.#steps.view()
    if (view === undefined || this.#position === undefined) return undefined
    if (this.#position.epoch !== view.head.epoch) throw cursorExpired()
    if (this.#position.seq < view.ring.keptSeq) {
      if (!this.#catchingUp) void this.#catchUp(this.#position)
      return undefined
    }
    for (const entry of view.ring.behind(this.#position.seq)) {
      this.#position = entry.position
      if (this.#steps.wanted(entry)) return entry
    }
    if (this.#position.seq < view.head.seq) this.#position = view.head
    return undefined
  }

  #takeOlder(): Entry | undefined {
    const page = this.#page
    if (page === undefined) return undefined
    for (let entry = page.entries[page.at]; entry !== undefined; entry = page.entries[page.at]) {
      page.at += 1
      if (entry.position.seq <= (this.#position?.seq ?? 0)) continue
      this.#position = entry.position
      if (this.#steps.wanted(entry)) return entry
    }
    if (page.next.seq > (this.#position?.seq ?? 0)) this.#position = page.next
    this.#page = undefined
    return undefined
  }

  async #catchUp(after: Position): Promise<void> {
    this.#catchingUp = true
    try {
      const { entries, next } = await this.#steps.older(after, this.#left.signal)
      this.#page = { entries, next, at: 0 }
    } catch (failure) {
      this.#fail(failure)
    } finally {
      this.#catchingUp = false
    }
    this.wake()
  }

  #fail(failure: unknown): void {
    if (this.#ended) return
    this.#waiting.shift()?.fail(failure)
    this.#end()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#page = undefined
    this.#left.abort()
    for (const { settle } of this.#waiting.splice(0)) settle(done)
    this.#steps.ended()
  }
}
