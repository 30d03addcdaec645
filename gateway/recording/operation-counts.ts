import type { PreparedOperation } from '../engine.ts'
import type { ClientName } from './client-name.ts'

/** Requests of one client for one operation that are not written yet. */
export interface OperationCount extends ClientName {
  /** Without values. */
  readonly text: string
  readonly name: string | undefined
  readonly requests: number
  /** When the first and the last of them came, milliseconds since 1970. */
  readonly firstMs: number
  readonly lastMs: number
}

/** Requests that were not counted each by itself. */
export interface OmittedCount {
  readonly requests: number
  readonly firstMs: number
  readonly lastMs: number
}

export interface CountLimits {
  /** Different operations, each for each client. */
  readonly entriesMax: number
  /** Characters of all operations together. */
  readonly charactersMax: number
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** Counts requests by operation and client. What finds no room is counted as omitted, so no request is missing. */
export class OperationCounts {
  readonly #limits: CountLimits
  /** By text, which requests for the same document share, then by client: no request makes a long key. */
  readonly #texts = new Map<string, Map<string, Mutable<OperationCount>>>()
  #entries = 0
  #characters = 0
  #omitted: OmittedCount | undefined

  constructor(limits: CountLimits) {
    this.#limits = limits
  }

  get omitted(): OmittedCount | undefined {
    return this.#omitted
  }

  /** One operation after the other. */
  *[Symbol.iterator](): Generator<OperationCount> {
    for (const clients of this.#texts.values()) yield* clients.values()
  }

  /** An operation without a text is not counted. */
  request(
    { textWithoutValues: text, name }: PreparedOperation,
    { client, version }: ClientName,
    nowMs: number,
  ): void {
    if (text === undefined) return
    const known = this.#texts.get(text)?.get(keyOf(client, version))
    if (known === undefined)
      return this.add({ text, name, client, version, requests: 1, firstMs: nowMs, lastMs: nowMs })
    known.requests++
    known.lastMs = Math.max(known.lastMs, nowMs)
  }

  add(count: OperationCount): void {
    const { text, client, version } = count
    const clients = this.#texts.get(text)
    const key = keyOf(client, version)
    const known = clients?.get(key)
    if (known !== undefined) {
      Object.assign(known, merged(known, count))
      return
    }
    const characters = clients === undefined ? text.length : 0
    const { entriesMax, charactersMax } = this.#limits
    if (this.#entries >= entriesMax || this.#characters + characters > charactersMax) return this.omit(count)
    this.#entries++
    this.#characters += characters
    if (clients === undefined) this.#texts.set(text, new Map([[key, { ...count }]]))
    else clients.set(key, { ...count })
  }

  omit(count: OmittedCount): void {
    this.#omitted = merged(this.#omitted ?? { ...count, requests: 0 }, count)
  }
}

function keyOf(client: string | undefined, version: string | undefined): string {
  return `${client ?? ''}\n${version ?? ''}`
}

function merged(a: OmittedCount, b: OmittedCount): OmittedCount {
  return {
    requests: a.requests + b.requests,
    firstMs: Math.min(a.firstMs, b.firstMs),
    lastMs: Math.max(a.lastMs, b.lastMs),
  }
}
