const closing = Buffer.from('}')

/** One event of a stream as every subscriber is sent it: serialised once, shared by all. */
export class Delivery {
  /** What to subscribe behind to go on after this event. Undefined: nothing can. */
  readonly cursor: string | undefined
  /** The GraphQL answer as JSON in UTF-8, and the `}` that ends the message around it. */
  readonly closed: Buffer

  constructor(text: string, cursor: string | undefined) {
    this.cursor = cursor
    this.closed = Buffer.concat([Buffer.from(text), closing])
  }

  /** The answer as JSON, without a copy. */
  get json(): Buffer {
    return this.closed.subarray(0, -1)
  }

  get bytes(): number {
    return this.closed.length
  }
}
