import { createReadStream } from 'node:fs'
import { EnneadError } from '../../kernel/errors.ts'

/** Longest line; the longest record there can be has about half of it. */
const lineBytesMax = 4 * 1024 * 1024

export interface FileLine {
  /** From 1. */
  readonly number: number
  readonly text: string
  /** With its end. */
  readonly bytes: Buffer
}

/**
 * The lines of a file, one after the other, so that none but one is in memory. Throws INPUT_UNREADABLE, and
 * IMPORT_INVALID for a line that is too long or a last one without its end, which means that the file was cut off.
 */
export async function* readLines(path: string): AsyncGenerator<FileLine> {
  let rest: Buffer = Buffer.alloc(0)
  let number = 0
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      // A stream without an encoding gives buffers.
      rest = Buffer.concat([rest, chunk as Buffer])
      let from = 0
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a, from)) {
        const bytes = rest.subarray(from, end + 1)
        yield { number: ++number, text: bytes.subarray(0, -1).toString(), bytes }
        from = end + 1
      }
      rest = rest.subarray(from)
      if (rest.length > lineBytesMax) {
        throw new EnneadError(
          'IMPORT_INVALID',
          `${path}:${number + 1}: the line has more than ${lineBytesMax} bytes`,
        )
      }
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause
    throw new EnneadError('INPUT_UNREADABLE', `${path} cannot be read`, { cause })
  }
  if (rest.length > 0) {
    throw new EnneadError(
      'IMPORT_INVALID',
      `${path}:${number + 1}: the file ends within this line; it was cut off`,
    )
  }
}
