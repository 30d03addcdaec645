import { crc32 } from 'node:zlib'
import type { DirectoryRecord } from '../authority.ts'
import { EnneadError } from '../../../kernel/errors.ts'

/** A record as JSON with its fields sorted by name: equal records have equal texts. Records hold texts, numbers, null and lists of texts. */
export function recordText(record: DirectoryRecord): string {
  return JSON.stringify(record, Object.keys(record).sort())
}

/** A record as it is stored: eight hexadecimal digits of CRC-32, then its text. */
export function encodeRecord(record: DirectoryRecord): string {
  const text = recordText(record)
  return checksum(text) + text
}

/** Throws DATA_FOLDER_CORRUPT unless `stored` is what `encodeRecord` wrote. */
export function decodeRecord(stored: string): DirectoryRecord {
  const text = stored.slice(8)
  if (checksum(text) !== stored.slice(0, 8)) {
    throw new EnneadError('DATA_FOLDER_CORRUPT', 'a record of the directory is not what was written')
  }
  // The checksum says that encodeRecord wrote it, and that writes directory records only.
  return JSON.parse(text) as DirectoryRecord
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
