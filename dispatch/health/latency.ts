/** The 95th percentile of an operation's last 128 answers. */
export class LatencyWindow {
  readonly #last = new Float64Array(128)
  readonly #minMs: number
  #count = 0
  #p95Ms: number

  /** `startMs` stands until the window is full for the first time; it is never below `minMs`. */
  constructor(startMs: number, minMs: number) {
    this.#minMs = minMs
    this.#p95Ms = Math.max(minMs, startMs)
  }

  get p95Ms(): number {
    return this.#p95Ms
  }

  add(tookMs: number): void {
    this.#last[this.#count++] = tookMs
    if (this.#count < this.#last.length) return
    this.#count = 0
    // Sorting once per full window keeps this out of the cost of a call.
    const sorted = this.#last.toSorted()
    this.#p95Ms = Math.max(this.#minMs, sorted[Math.floor(sorted.length * 0.95)] ?? this.#minMs)
  }
}
