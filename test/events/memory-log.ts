import type { EventLog, LogPage, LogRead } from '../../events/event-log.ts'
import { type Position, cursorExpired } from '../../events/position.ts'

export interface Note {
  readonly position: Position
  readonly topic: string
}

/** A log in memory that can be out of order, forget its beginning, and begin another life. */
export class MemoryLog implements EventLog<Note, string> {
  readonly notes: Note[] = []
  epoch = 'first'
  out = false
  reads = 0
  /** Answers begin so many entries too early. */
  overlap = 0
  #keptSeq = 0
  #seq = 0
  readonly #waiting = new Set<() => void>()

  get head(): Position {
    return { epoch: this.epoch, seq: this.#seq }
  }

  append(topic = 'a'): Note {
    this.#seq += 1
    const note = { position: this.head, topic }
    this.notes.push(note)
    this.#wake()
    return note
  }

  /** Counts on without an entry anybody can see. */
  skip(): void {
    this.#seq += 1
    this.#wake()
  }

  outage(out: boolean): void {
    this.out = out
    this.#wake()
  }

  forgetTo(seq: number): void {
    this.#keptSeq = seq
  }

  beginAnew(epoch: string): void {
    this.epoch = epoch
    this.#seq = 0
    this.#keptSeq = 0
    this.notes.length = 0
    this.#wake()
  }

  async read({ after, first, waitMs, narrow }: LogRead<string>, signal: AbortSignal): Promise<LogPage<Note>> {
    this.reads += 1
    await Promise.resolve()
    signal.throwIfAborted()
    this.#check(after)
    if (after === undefined) return { entries: [], next: this.head }
    if (waitMs > 0 && after.seq >= this.#seq) await this.#more(waitMs, signal)
    this.#check(after)
    const entries: Note[] = []
    let seq = after.seq
    for (const note of this.notes) {
      if (note.position.seq <= after.seq - this.overlap) continue
      if (entries.length >= first + this.overlap) return { entries, next: { epoch: this.epoch, seq } }
      if (narrow === undefined || note.topic === narrow) entries.push(note)
      seq = note.position.seq
    }
    return { entries, next: { epoch: this.epoch, seq: Math.max(after.seq, this.#seq) } }
  }

  #check(after: Position | undefined): void {
    if (this.out) throw new Error('the log is out of order')
    if (after !== undefined && (after.epoch !== this.epoch || after.seq < this.#keptSeq))
      throw cursorExpired()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }

  #more(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', leave)
        settle()
      }
      const wake = (): void => end(resolve)
      const leave = (): void => end(() => reject(signal.reason))
      const timer = setTimeout(wake, waitMs)
      this.#waiting.add(wake)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
