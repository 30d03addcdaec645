import { EnneadError } from './errors.ts'

export interface BoundedCacheOptions {
  /** Entries kept at most. */
  readonly entriesMax: number
  /** Sum of all entries' sizes kept at most, in whatever unit `set` is told sizes in. */
  readonly sizeMax: number
}

/** Keeps what was used last, within a number of entries and a total size. */
export class BoundedCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly size: number }>()
  readonly #entriesMax: number
  readonly #sizeMax: number
  #size = 0

  constructor({ entriesMax, sizeMax }: BoundedCacheOptions) {
    for (const [name, value] of Object.entries({ entriesMax, sizeMax })) {
      if (!Number.isSafeInteger(value) || value < 1) {
        throw new EnneadError('BAD_OPTION', `${name} must be an integer >= 1, got ${value}`)
      }
    }
    this.#entriesMax = entriesMax
    this.#sizeMax = sizeMax
  }

  get count(): number {
    return this.#entries.size
  }

  get size(): number {
    return this.#size
  }

  /** What is kept, the least recently used first. */
  values(): readonly Value[] {
    return [...this.#entries.values()].map(({ value }) => value)
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    // A Map iterates in insertion order: inserted anew, the entry is the youngest.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** An entry larger than the whole cache is not kept. */
  set(key: string, value: Value, size: number): void {
    this.delete(key)
    if (size > this.#sizeMax) return
    this.#entries.set(key, { value, size })
    this.#size += size
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#entriesMax && this.#size <= this.#sizeMax) break
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#size -= entry.size
  }
}
