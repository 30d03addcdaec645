import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { EnneadError } from '../../../kernel/errors.ts'
import type { AuditEntry } from './audit-entry.ts'

/** An entry and where its line begins, in bytes. */
export interface PlacedAuditEntry {
  readonly entry: AuditEntry
  readonly at: number
}

export interface AuditPage {
  /** Newest first. */
  readonly found: readonly PlacedAuditEntry[]
  /** Everything from here on was looked at; 0: there is nothing before. */
  readonly seenTo: number
}

export interface ReadAuditOptions {
  /** Only what stands before this place, which is one where a line begins. Default: all. */
  readonly before?: number | undefined
  /** Entries wanted at most. */
  readonly limit: number
  readonly wanted: (entry: AuditEntry) => boolean
  /** So much of the file is read at most; the rest is for the next page. Bytes. Default 4 MiB, some 14,000 entries. */
  readonly bytesMax?: number
}

const bytesMaxDefault = 4 * 1_048_576
/** Read at once. An entry is much shorter. */
const partBytes = 65_536
const newline = 0x0a

/**
 * The newest entries that are wanted, read backward from the file as it is. Rejects with CURSOR_INVALID when no line begins at
 * `before`, and with UNAVAILABLE when the file cannot be read.
 */
export async function readAudit(path: string, options: ReadAuditOptions): Promise<AuditPage> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new EnneadError('UNAVAILABLE', 'the audit log cannot be read', { cause })
  })
  try {
    const { size } = await file.stat()
    const { before = size } = options
    if (before > size || !(await isLineStart(file, before))) throw noCursor()
    return await readBackward(file, before, options)
  } finally {
    await file.close()
  }
}

async function readBackward(
  file: FileHandle,
  before: number,
  { limit, wanted, bytesMax = bytesMaxDefault }: ReadAuditOptions,
): Promise<AuditPage> {
  const found: PlacedAuditEntry[] = []
  const last = Math.max(0, before - bytesMax)
  // What was read and not yet cut into lines: from `from` to the start of the line that was looked at last.
  let rest = Buffer.alloc(0)
  let from = before
  while (from > 0 && (from > last || rest.length > 0)) {
    const length = Math.min(partBytes, from)
    from -= length
    rest = Buffer.concat([await readBytesAt(file, from, length), rest])
    for (;;) {
      // The byte before the end is the line's own end.
      const cut = rest.length < 2 ? -1 : rest.lastIndexOf(newline, rest.length - 2)
      if (cut === -1 && from > 0) break
      const at = from + cut + 1
      const entry = entryIn(rest.subarray(cut + 1))
      rest = rest.subarray(0, cut + 1)
      if (entry !== undefined && wanted(entry)) found.push({ entry, at })
      if (found.length === limit || rest.length === 0 || at <= last) return { found, seenTo: at }
    }
  }
  return { found, seenTo: from + rest.length }
}

/** Does a line begin at this byte? */
export async function isLineStart(file: FileHandle, at: number): Promise<boolean> {
  return at === 0 || (at > 0 && (await readBytesAt(file, at - 1, 1))[0] === newline)
}

/** So many bytes from there on, or those that are left. */
export async function readBytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}

/** Undefined: it is none; `ennead audit verify` says more of it. */
export function entryIn(line: Buffer): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(line.toString())
    // Lines of this file are what sealedLine wrote.
    return typeof value === 'object' && value !== null && 'hash' in value ? (value as AuditEntry) : undefined
  } catch {
    return undefined
  }
}

function noCursor(): EnneadError {
  return new EnneadError('CURSOR_INVALID', 'the cursor was not issued for this list')
}
