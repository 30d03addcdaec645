import { appendFile, rename, rm, stat, truncate } from 'node:fs/promises'

export interface RotationLimits {
  /** Bytes of one file. */
  readonly bytesMax: number
  /** Files at most, the one being written among them. At least 1. */
  readonly filesMax: number
}

/** A file that is only appended to: `file`, before it `file.1`, before that `file.2`. One process writes it. */
export class RotatingFile {
  readonly #path: string
  readonly #limits: RotationLimits
  #bytes = 0
  /** Undefined: a new file, not looked at yet. */
  #inode: number | undefined
  /** A process that was killed may have left half a line. */
  #lineEnded = false

  constructor(path: string, limits: RotationLimits) {
    this.#path = path
    this.#limits = limits
  }

  /** Creates it when there is none, and looks at it. Answers whether it still has all that was appended before. */
  async look(): Promise<boolean> {
    await appendFile(this.#path, '')
    const { size, ino } = await stat(this.#path)
    const whole = size >= this.#bytes && ino === (this.#inode ?? ino)
    this.#inode = ino
    if (!whole) this.#lineEnded = false
    this.#bytes = size
    return whole
  }

  /** Do `bytes` fit behind `waiting` bytes that are to be appended first? An empty file takes anything. */
  hasRoomFor(waiting: number, bytes: number): boolean {
    const before = this.#bytes + waiting
    return before === 0 || before + bytes <= this.#limits.bytesMax
  }

  /** Appends all or, when it rejects, nothing that a reader would take for a line. */
  async append(lines: string): Promise<void> {
    const text = this.#bytes > 0 && !this.#lineEnded ? `\n${lines}` : lines
    try {
      await appendFile(this.#path, text)
    } catch (failure) {
      // A full disk takes a part. When this fails too, what stands there is counted twice rather than never.
      await truncate(this.#path, this.#bytes).catch(() => undefined)
      this.#lineEnded = false
      throw failure
    }
    this.#bytes += Buffer.byteLength(text)
    this.#lineEnded = true
  }

  /** Begins a new file. Numbers stay without a gap, also after a rotation that was cut off. */
  async rotate(): Promise<void> {
    let free = 1
    while (free < this.#limits.filesMax && (await exists(this.#numbered(free)))) free++
    if (free === this.#limits.filesMax) await rm(this.#numbered(--free), { force: true })
    for (; free > 0; free--) await rename(this.#numbered(free - 1), this.#numbered(free))
    this.#bytes = 0
    this.#inode = undefined
    this.#lineEnded = true
  }

  #numbered(number: number): string {
    return number === 0 ? this.#path : `${this.#path}.${number}`
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
