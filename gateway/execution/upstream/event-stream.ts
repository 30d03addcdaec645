import { StringDecoder } from 'node:string_decoder'

/** One message of a text/event-stream. */
export interface StreamMessage {
  /** Default: `message`. */
  readonly event: string
  readonly data: string
}

/**
 * Reads a text/event-stream that comes in pieces (https://html.spec.whatwg.org/multipage/server-sent-events.html, section 9.2.6).
 * Ids and times to come back are skipped: who reads here resumes by other means.
 */
export class EventStreamReader {
  readonly #decoder = new StringDecoder('utf8')
  readonly #lengthMax: number
  /** A line that has no end yet. */
  #line = ''
  #event = ''
  #data: string[] = []
  #length = 0
  #first = true
  /** The last piece ended with a CR: an LF that comes next ends no other line. */
  #afterCr = false

  /** @param lengthMax Longest message, in UTF-16 units. */
  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax
  }

  /** A message is longer than allowed; nothing more is read. */
  get tooLong(): boolean {
    return this.#length + this.#line.length > this.#lengthMax
  }

  /** The messages that this piece completes. */
  read(piece: Buffer): readonly StreamMessage[] {
    let text = this.#decoder.write(piece)
    if (this.#first && text !== '') {
      this.#first = false
      if (text.startsWith('\uFEFF')) text = text.slice(1)
    }
    if (this.#afterCr && text.startsWith('\n')) text = text.slice(1)
    if (text !== '') this.#afterCr = text.endsWith('\r')
    const [last = '', ...others] = text.split(/\r\n|\r|\n/).reverse()
    const messages: StreamMessage[] = []
    for (const part of others.reverse()) {
      const message = this.#ended(this.#line + part)
      this.#line = ''
      if (this.tooLong) return messages
      if (message !== undefined) messages.push(message)
    }
    this.#line += last
    return messages
  }

  #ended(line: string): StreamMessage | undefined {
    if (line === '') return this.#dispatched()
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'event') this.#event = value
    if (name === 'data') {
      this.#data.push(value)
      this.#length += value.length
    }
    return undefined
  }

  #dispatched(): StreamMessage | undefined {
    const { length } = this.#data
    const message = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') }
    // A browser would not tell an event without data; GraphQL over SSE ends with one.
    const told = length > 0 || this.#event !== ''
    this.#event = ''
    this.#data = []
    this.#length = 0
    return told ? message : undefined
  }
}
