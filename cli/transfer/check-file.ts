import { createHash } from 'node:crypto'
import { EnneadError } from '../../kernel/errors.ts'
import { changesMax, endLine, type Header, type Line, lineIn } from './file-format.ts'
import { readLines } from './read-lines.ts'

/** A file that was read to its end and is what an export writes. */
export interface CheckedFile {
  readonly header: Header
  /** Records of each kind, without those that were replaced. */
  readonly counts: ReadonlyMap<string, number>
  /** `kind/id` of records that changed while the file was written: only what is said of them behind the mark counts. */
  readonly changed: ReadonlySet<string>
}

/**
 * Reads the whole file, so that a fault in its last line is known before its first record is imported. Throws
 * IMPORT_INVALID with file, line and reason; `onBytes` is told how far it is.
 */
export async function checkFile(path: string, onBytes: (bytes: number) => void): Promise<CheckedFile> {
  const checking = new Checking()
  const hash = createHash('sha256')
  let bytesRead = 0
  let last = 0
  for await (const { number, text, bytes } of readLines(path)) {
    try {
      const line = lineIn(text)
      checking.take(line)
      if (line.is === 'end' && endLine(hash, line.end.records, line.end.position) !== text) {
        throw invalid('the file was changed: its SHA-256 is not what its end says')
      }
    } catch (failure) {
      throw atLine(path, number, failure)
    }
    hash.update(bytes)
    bytesRead += bytes.length
    last = number
    onBytes(bytesRead)
  }
  try {
    return checking.result()
  } catch (failure) {
    throw atLine(path, last + 1, failure)
  }
}

/** The failure with its place in the file. */
export function atLine(path: string, line: number, failure: unknown, more = ''): unknown {
  if (!(failure instanceof EnneadError)) return failure
  return new EnneadError(failure.code, `${path}:${line}: ${failure.message}${more}`, { cause: failure.cause })
}

class Checking {
  readonly #counts = new Map<string, number>()
  readonly #changed = new Set<string>()
  #header: Header | undefined
  #behindMark = false
  #ended = false

  take(line: Line): void {
    if (this.#ended) throw invalid('there is something behind the end')
    if (line.is !== 'header' && this.#header === undefined) {
      throw invalid('it does not begin with the header of an export; is it one?')
    }
    switch (line.is) {
      case 'header':
        if (this.#header !== undefined) throw invalid('a second export begins here; import one at a time')
        this.#header = line.header
        return
      case 'record':
        if (this.#header?.parts.includes(line.part) !== true) {
          throw invalid(`the header does not say that there is a ${line.kind} in it`)
        }
        this.#counts.set(line.kind, (this.#counts.get(line.kind) ?? 0) + 1)
        if (this.#behindMark) this.#change(`${line.kind}/${line.id}`)
        return
      case 'changes':
        this.#behindMark = true
        return
      case 'end': {
        const kinds = new Set([...this.#counts.keys(), ...Object.keys(line.end.records)])
        for (const kind of kinds) {
          const [has, says] = [this.#counts.get(kind) ?? 0, line.end.records[kind] ?? 0]
          if (has !== says) throw invalid(`the file has ${has} records of kind ${kind}, its end says ${says}`)
        }
        this.#ended = true
      }
    }
  }

  result(): CheckedFile {
    if (this.#header === undefined || !this.#ended)
      throw invalid('the file ends without its end; it was cut off')
    return { header: this.#header, counts: this.#counts, changed: this.#changed }
  }

  #change(address: string): void {
    if (this.#changed.has(address)) throw invalid(`${address} comes twice behind the mark of changes`)
    this.#changed.add(address)
    if (this.#changed.size > changesMax)
      throw invalid(`more than ${changesMax} records are behind the mark of changes`)
  }
}

function invalid(why: string): EnneadError {
  return new EnneadError('IMPORT_INVALID', why)
}
