import { EnneadError } from '../../../kernel/errors.ts'
import { searchTextOf } from '../commands/task-fields.ts'
import { addressOf } from '../commit-batch.ts'
import type { Condition } from '../condition.ts'
import type { StoredRecord } from '../record.ts'
import type { RecordQuery } from '../task-store.ts'
import type { EncryptionKeys } from './encryption-keys.ts'
import { Envelope } from './envelope.ts'

/** What may be stored encrypted: texts that nothing but a search or a filter by title looks at. */
export const encryptableFields = ['task.title', 'task.description', 'comment.body'] as const
export type EncryptableField = (typeof encryptableFields)[number]

export interface VaultOptions {
  /** Fields to encrypt from now on. Default: none; what is encrypted already is decrypted, with keys. */
  readonly fields?: readonly EncryptableField[]
  /** Needed for `fields`. Default: none. */
  readonly keys?: EncryptionKeys
}

/**
 * What is encrypted in records, and how. Above it records are as people wrote them; below it, in every store, log, cache and
 * copy, the chosen fields are encrypted. Without keys it lets records through and says which key is missing for others.
 */
export class Vault {
  readonly fields: readonly EncryptableField[]
  readonly keys: EncryptionKeys | undefined
  readonly #envelope = new Envelope()

  /** Throws BAD_OPTION for fields without keys. */
  constructor({ fields = [], keys }: VaultOptions = {}) {
    if (fields.length > 0 && keys === undefined) {
      throw new EnneadError('BAD_OPTION', `to encrypt ${fields.join(', ')}, keys are needed`)
    }
    this.fields = encryptableFields.filter(field => fields.includes(field))
    this.keys = keys
  }

  /** The record as it is to be stored. */
  seal<R extends StoredRecord>(record: R): R {
    const { keys } = this
    if (keys === undefined || this.fields.length === 0) return record
    const names = this.#chosen(record)
    const whole: StoredRecord =
      record.kind === 'receipt' ? { ...record, answer: this.seal(record.answer) } : record
    if (names.length === 0) return whole as R
    const values = new Map(names.map(name => [name, textIn(record, name)]))
    const sealed = this.#envelope.seal(keys.current, ownerOf(record), values)
    // The same kind, with other texts in text fields.
    return withTexts({ ...whole, sealed }, new Map(names.map(name => [name, '']))) as R
  }

  /** The record as people wrote it. Throws ENCRYPTION_KEY_MISSING, ENCRYPTED_VALUE_INVALID. */
  open<R extends StoredRecord>(record: R): R {
    if (record.kind !== 'receipt') return this.#openTexts(record)
    return { ...this.#openTexts(record), answer: this.open(record.answer) }
  }

  #openTexts<R extends StoredRecord>(record: R): R {
    const { sealed, ...rest } = record
    if (sealed === undefined) return record
    const key = this.keys?.find(sealed.key)
    if (key === undefined) throw keyMissing(record, sealed.key)
    // Without what is optional it is of the same kind.
    return withTexts(rest as unknown as StoredRecord, this.#envelope.open(key, ownerOf(record), sealed)) as R
  }

  /** Is the record stored as it would be stored now: the chosen fields encrypted, and no others, with the current key? */
  isCurrent(record: StoredRecord): boolean {
    if (record.kind === 'receipt' && !this.isCurrent(record.answer)) return false
    const wanted = this.#chosen(record)
    const { sealed } = record
    if (sealed === undefined) return wanted.length === 0
    const has = Object.keys(sealed.values)
    return (
      sealed.key === this.keys?.current.id &&
      has.length === wanted.length &&
      wanted.every(name => has.includes(name))
    )
  }

  /** Throws ENCRYPTED_FIELD for a question that only who reads encrypted fields can answer. */
  requireAskable({ kind, where, order }: Pick<RecordQuery, 'kind' | 'where'> & Partial<RecordQuery>): void {
    if (this.fields.length === 0 || kind !== 'task') return
    const hidden = new Set<string>(this.fields.filter(field => field === 'task.title').map(() => 'title'))
    if (hidden.has('title') && this.fields.includes('task.description')) hidden.add('searchText')
    const named = [...fieldsOf(where), ...(order === undefined ? [] : [order.field])].find(field =>
      hidden.has(field),
    )
    if (named === undefined) return
    const what =
      named === 'searchText'
        ? 'titles and descriptions are stored encrypted here, so that they cannot be searched'
        : 'titles are stored encrypted here, so that tasks cannot be filtered or ordered by them'
    throw new EnneadError(
      'ENCRYPTED_FIELD',
      `${what}; ask by project, label, assignee, status or time instead`,
    )
  }

  /** Names of the record's fields that hold a text and are to be encrypted. */
  #chosen(record: StoredRecord): readonly string[] {
    // What was asked for, without its values, lets guesses at them be checked.
    if (record.kind === 'receipt') return this.fields.length > 0 ? ['requestHash'] : []
    const names = this.fields.flatMap(field => {
      const [kind, name = ''] = field.split('.')
      return kind === record.kind ? [name] : []
    })
    return names.filter(name => valueIn(record, name) !== null)
  }
}

/** What the values belong to, so that they are no other record's, nor of another version of this one. */
function ownerOf(record: StoredRecord): string {
  return `${addressOf(record)} of ${record.workspaceId}, version ${record.version}`
}

function keyMissing(record: StoredRecord, id: string): EnneadError {
  const why = `is stored encrypted with the key "${id}", which this process was not given; add it to the encryption keys, nothing else opens it`
  return new EnneadError('ENCRYPTION_KEY_MISSING', `${record.kind} ${record.id} ${why}`, {
    facts: { key: id },
  })
}

function valueIn(record: StoredRecord, name: string): unknown {
  return (record as unknown as Readonly<Record<string, unknown>>)[name] ?? null
}

function textIn(record: StoredRecord, name: string): string {
  const value = valueIn(record, name)
  if (typeof value === 'string') return value
  throw new EnneadError(
    'INTERNAL',
    `${name} of ${addressOf(record)} is no text, so that it cannot be encrypted`,
  )
}

function withTexts(record: StoredRecord, texts: ReadonlyMap<string, string>): StoredRecord {
  // Only texts take the place of texts.
  const changed = { ...record, ...Object.fromEntries(texts) } as StoredRecord
  return changed.kind === 'task' ? { ...changed, searchText: searchTextOf(changed) } : changed
}

function fieldsOf(where: Condition): readonly string[] {
  if (where.is === 'all' || where.is === 'any') return where.of.flatMap(fieldsOf)
  return where.is === 'not' ? fieldsOf(where.of) : [where.field]
}
