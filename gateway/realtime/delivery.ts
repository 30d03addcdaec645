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

  /** What stands at a path below the event, as text; undefined: nothing does. */
  at(path: readonly string[]): string | undefined {
    // It was written from a GraphQL answer.
    const { data } = JSON.parse(this.json.toString()) as { data?: object | null }
    let value: unknown = Object.values(data ?? {})[0]
    for (const step of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
      value = (value as Readonly<Record<string, unknown>>)[step]
    }
    return value === undefined ? undefined : JSON.stringify(value)
  }

  get bytes(): number {
    return this.closed.length
  }
}
