import type { Hash } from 'node:crypto'
import { EnneadError } from '../../kernel/errors.ts'
import {
  directoryKinds,
  directoryRecordIn,
  isDirectoryKind,
} from '../../subgraphs/auth/transfer/directory-form.ts'
import { recordIn, transferKinds } from '../../subgraphs/db/transfer/record-form.ts'
import { transferParts, type TransferPart } from './transfer-settings.ts'

/*
 * An export is NDJSON, docs/backup.md has it for people:
 *
 *   header    what this is, of which version, when it began, which parts, and the position of the change log it stands for
 *   records   one a line; nothing names what comes later, but for tasks, which name each other as they like
 *   changes   a mark; the records behind it changed while the others were written, and count instead of them
 *   end       how many records of each kind there are, and the SHA-256 of everything before it
 */

/** Raised when the form of a line changes; another version is refused, not guessed at. */
export const formatVersion = 1

/** Records that change while others are written. Their ids are kept in memory. */
export const changesMax = 200_000

export interface Header {
  readonly ennead: 'export'
  readonly version: typeof formatVersion
  /** ISO 8601. */
  readonly at: string
  readonly parts: readonly TransferPart[]
}

export interface End {
  readonly ennead: 'end'
  /** By kind; those behind the mark are counted once more. */
  readonly records: Readonly<Record<string, number>>
  /** `epoch:seq` of the change log that the records stand for; null without the part db. */
  readonly position: string | null
  readonly sha256: string
}

/** The last line; `before` has hashed every line before it. */
export function endLine(before: Hash, records: End['records'], position: string | null): string {
  const said = { ennead: 'end', records, position } as const
  const sha256 = before.copy().update(JSON.stringify(said)).digest('hex')
  return JSON.stringify({ ...said, sha256 } satisfies End)
}

/** What a line is. */
export type Line =
  | { readonly is: 'header'; readonly header: Header }
  | {
      readonly is: 'record'
      readonly part: TransferPart
      readonly kind: string
      readonly id: string
      readonly value: unknown
    }
  | { readonly is: 'changes' }
  | { readonly is: 'end'; readonly end: End }

export const changesMark = '{"ennead":"changes"}'
export const allKinds = [...directoryKinds, ...transferKinds] as const

/** Reads a line, to the last field. Throws IMPORT_INVALID. */
export function lineIn(text: string): Line {
  const value = jsonIn(text)
  if (value['ennead'] === undefined) return recordLine(value)
  if (value['ennead'] === 'changes') return { is: 'changes' }
  if (value['ennead'] === 'end') return { is: 'end', end: endIn(value) }
  if (value['ennead'] === 'export') return { is: 'header', header: headerIn(value) }
  throw invalid('it is neither a record nor one of the lines that frame records')
}

function recordLine(value: Readonly<Record<string, unknown>>): Line {
  const { kind } = value
  const part = isDirectoryKind(kind) ? 'auth' : 'db'
  const record = part === 'auth' ? directoryRecordIn(value) : recordIn(value)
  return { is: 'record', part, kind: record.kind, id: record.id, value }
}

function headerIn(value: Readonly<Record<string, unknown>>): Header {
  const { version, at, parts } = value
  if (version !== formatVersion) {
    throw invalid(
      `it is an export of version ${JSON.stringify(version)}, this Ennead reads version ${formatVersion}; import it with the Ennead that wrote it, or a newer one`,
    )
  }
  const named = transferParts.filter(part => Array.isArray(parts) && parts.includes(part))
  if (typeof at !== 'string' || named.length === 0) throw invalid('its header says neither when nor what')
  return { ennead: 'export', version, at, parts: named }
}

function endIn({ records, position, sha256 }: Readonly<Record<string, unknown>>): End {
  if (typeof records !== 'object' || records === null || typeof sha256 !== 'string') {
    throw invalid('the last line does not say how many records there are')
  }
  const counts = Object.fromEntries(Object.entries(records).map(([kind, count]) => [kind, Number(count)]))
  return { ennead: 'end', records: counts, position: typeof position === 'string' ? position : null, sha256 }
}

function jsonIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (cause) {
    throw new EnneadError('IMPORT_INVALID', 'it is not JSON', { cause })
  }
  throw invalid('it is not a JSON object')
}

function invalid(why: string): EnneadError {
  return new EnneadError('IMPORT_INVALID', why)
}
