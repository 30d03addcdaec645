/** One event of a topic; `seq` counts from 1. */
export interface TopicEvent {
  readonly seq: number
  readonly text: string
}

interface Reader {
  at: number
  wake: (() => void) | undefined
  end: (() => IteratorResult<TopicEvent>) | undefined
}

/** An event log in memory with readers that resume behind any `seq`, for tests of subscriptions. */
export class Topic {
  readonly #events: TopicEvent[] = []
  readonly #readers = new Set<Reader>()
  #opened = 0

  /** Readers open now. */
  get readers(): number {
    return this.#readers.size
  }

  /** Readers that ever were. */
  get opened(): number {
    return this.#opened
  }

  publish(text: string): void {
    this.#events.push({ seq: this.#events.length + 1, text })
    for (const reader of this.#readers) reader.wake?.()
  }

  /** Ends every reader behind what it has not read yet: by `failure`, or normally. */
  end(failure?: Error): void {
    for (const reader of this.#readers) {
      reader.end = () => {
        if (failure !== undefined) throw failure
        return { done: true, value: undefined }
      }
      reader.wake?.()
    }
    this.#readers.clear()
  }

  /** @param after Undefined: only what comes from now on. */
  read(after: number | undefined): AsyncIterableIterator<TopicEvent> {
    const reader: Reader = { at: after ?? this.#events.length, wake: undefined, end: undefined }
    this.#readers.add(reader)
    this.#opened += 1
    const next = async (): Promise<IteratorResult<TopicEvent>> => {
      for (;;) {
        const event = this.#events[reader.at]
        if (event !== undefined) {
          reader.at += 1
          return { done: false, value: event }
        }
        if (reader.end !== undefined) return reader.end()
        await new Promise<void>(resolve => {
          reader.wake = resolve
        })
      }
    }
    const iterator: AsyncIterableIterator<TopicEvent> = {
      next,
      return: () => {
        this.#readers.delete(reader)
        reader.end = () => ({ done: true, value: undefined })
        reader.wake?.()
        return Promise.resolve({ done: true, value: undefined })
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }
}
