import { MalformedResponse } from './response-head.ts'

type Phase = { readonly in: 'size' | 'dataEnd' | 'trailers' } | { readonly in: 'data'; left: number }

/** Longest line that is not data, bytes: sizes with their extensions, and trailers. */
const lineBytesMax = 4_096
/** Lines of trailers. */
const trailersMax = 64

/** A body in chunks (RFC 9112, section 7.1), from bytes as they come. They are copied. */
export class ChunkedBody {
  readonly #parts: Buffer[] = []
  #phase: Phase = { in: 'size' }
  #line = ''
  #trailers = 0
  /** Bytes of data so far. */
  bytes = 0

  /** Where the body ends in `bytes`; undefined: there is more to come. Throws MalformedResponse. */
  take(bytes: Buffer): number | undefined {
    let at = 0
    while (at < bytes.length) {
      const phase = this.#phase
      if (phase.in === 'data') {
        const end = Math.min(bytes.length, at + phase.left)
        this.#parts.push(Buffer.from(bytes.subarray(at, end)))
        this.bytes += end - at
        phase.left -= end - at
        at = end
        if (phase.left === 0) this.#phase = { in: 'dataEnd' }
        continue
      }
      const stop = bytes.indexOf(lineFeed, at)
      this.#line += bytes.toString('latin1', at, stop < 0 ? bytes.length : stop + 1)
      if (this.#line.length > lineBytesMax) throw new MalformedResponse('a line without end between chunks')
      if (stop < 0) return undefined
      at = stop + 1
      const line = this.#line
      this.#line = ''
      if (!line.endsWith('\r\n')) throw new MalformedResponse('a chunk without its line')
      if (this.#ends(line.slice(0, -2), phase.in)) return at
    }
    return undefined
  }

  joined(): Buffer {
    return Buffer.concat(this.#parts, this.bytes)
  }

  #ends(line: string, where: 'size' | 'dataEnd' | 'trailers'): boolean {
    if (where === 'trailers') {
      if (line === '') return true
      if (++this.#trailers > trailersMax) throw new MalformedResponse('too many trailers')
    } else if (where === 'dataEnd') {
      if (line !== '') throw new MalformedResponse('a chunk longer than it says')
      this.#phase = { in: 'size' }
    } else {
      const size = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?$/.exec(line)?.[1]
      if (size === undefined) throw new MalformedResponse('a chunk without size')
      const left = Number.parseInt(size, 16)
      this.#phase = left === 0 ? { in: 'trailers' } : { in: 'data', left }
    }
    return false
  }
}

const lineFeed = 10
