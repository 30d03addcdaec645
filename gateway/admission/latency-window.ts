import { windowSamplesMax } from './admission-limits.ts'

/** The latencies of a stretch of time, and the most operations that ran at once in it. */
export class LatencyWindow {
  readonly #samples = new Float64Array(windowSamplesMax)
  #count = 0
  #peak = 0
  #endsAt: number
  readonly #lengthMs: number

  constructor(lengthMs: number, now: number) {
    this.#lengthMs = lengthMs
    this.#endsAt = now + lengthMs
  }

  get count(): number {
    return this.#count
  }

  /** Most operations that ran at once. */
  get peak(): number {
    return this.#peak
  }

  begin(now: number): void {
    this.#count = 0
    this.#peak = 0
    this.#endsAt = now + this.#lengthMs
  }

  add(latencyMs: number, running: number): void {
    this.#samples[this.#count % windowSamplesMax] = latencyMs
    this.#count++
    if (running > this.#peak) this.#peak = running
  }

  isOver(now: number, samplesMin: number): boolean {
    return now >= this.#endsAt && this.#count >= samplesMin
  }

  /** The latency that this share of the others stays below. Undefined without samples. */
  quantile(share: number): number | undefined {
    const size = Math.min(this.#count, windowSamplesMax)
    // A copy: the ring goes on being written.
    return this.#samples.slice(0, size).sort()[Math.floor(size * share)]
  }
}
