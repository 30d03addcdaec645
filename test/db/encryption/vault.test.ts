import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EnneadError } from '../../../kernel/errors.ts'
import { searchTextOf } from '../../../subgraphs/db/commands/task-fields.ts'
import { parseEncryptionKeys } from '../../../subgraphs/db/encryption/encryption-keys.ts'
import { Vault, encryptableFields } from '../../../subgraphs/db/encryption/vault.ts'
import type { StoredRecord, TaskRecord } from '../../../subgraphs/db/record.ts'
import { recordIn, written } from '../../../subgraphs/db/transfer/record-form.ts'
import { comment, receipt, task } from '../../contract/sample-records.ts'
import { sampleTask, sampleWorkspace } from '../../transfer/sample-export.ts'
import { keyLines, keysOf } from './keys-for-tests.ts'

const vaultOf = (fields: readonly string[], lines = keyLines('k1')): Vault =>
  new Vault({ fields: encryptableFields.filter(field => fields.includes(field)), keys: keysOf(lines) })

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (failure) {
    if (failure instanceof EnneadError) return failure.code
    throw failure
  }
  return 'nothing was thrown'
}

/** A task as a command makes it. */
function taskOf(changes: Partial<TaskRecord>): TaskRecord {
  const one = task('task_a', changes)
  return { ...one, searchText: searchTextOf(one) }
}

/** Long enough that it is nowhere by chance. */
const words = fc.string({ unit: 'binary', minLength: 12, maxLength: 80 })
const records: fc.Arbitrary<StoredRecord> = fc
  .record({ title: words, text: words })
  .chain(({ title, text }) => {
    const whole = taskOf({ title, description: text })
    return fc.constantFrom<StoredRecord>(
      whole,
      taskOf({ title }),
      { ...comment('comment_a', 'task_a'), body: text },
      { ...receipt('receipt_a', '2027-01-01T00:00:00.000Z'), answer: whole },
    )
  })
const choices = fc.subarray([...encryptableFields])

test('what is sealed holds nothing of the chosen texts, and opened it is what it was', () => {
  const lines = keyLines('k1')
  fc.assert(
    fc.property(records, choices, (record, fields) => {
      const vault = vaultOf(fields, lines)
      const sealed = vault.seal(record)
      expect(vault.open(sealed)).toEqual(record)
      expect(vault.isCurrent(sealed)).toBe(true)
      const stored = JSON.stringify(sealed)
      const inside = record.kind === 'receipt' ? record.answer : record
      const chosen = {
        'task.title': inside.kind === 'task' ? inside.title : null,
        'task.description': inside.kind === 'task' ? inside.description : null,
        'comment.body': inside.kind === 'comment' ? inside.body : null,
      }
      for (const field of fields) {
        const text = chosen[field]
        if (text === null) continue
        expect(stored).not.toContain(JSON.stringify(text).slice(1, -1))
        expect(stored).not.toContain(JSON.stringify(text.toLowerCase()).slice(1, -1))
      }
    }),
  )
})

test('what is sealed twice is not the same twice, so that equal texts cannot be told', () => {
  const vault = vaultOf(['task.description'])
  const one = task('task_a', { description: 'the same' })
  expect(vault.seal(one).sealed?.values).not.toEqual(vault.seal(one).sealed?.values)
})

test('sealed values that are changed, moved to another record, field, workspace or version are refused', () => {
  const vault = vaultOf([...encryptableFields])
  const sealed = vault.seal(task('task_a', { description: 'something' }))
  const { key, dataKey, values } = sealed.sealed ?? { key: '', dataKey: '', values: {} }
  const { title = '', description = '' } = values
  const other = vault.seal(task('task_b', { description: 'something' }))
  const moved: readonly TaskRecord[] = [
    { ...sealed, id: 'task_b' },
    { ...sealed, version: 2 },
    { ...sealed, workspaceId: 'workspace_2' },
    { ...sealed, sealed: { key, dataKey, values: { title: description, description: title } } },
    { ...sealed, sealed: { key, dataKey, values: other.sealed?.values ?? {} } },
    { ...sealed, sealed: { key, dataKey: dataKey.slice(0, -4), values } },
    { ...sealed, sealed: { key, dataKey, values: { title, description: '' } } },
  ]
  for (const one of moved) expect(codeOf(() => vault.open(one))).toBe('ENCRYPTED_VALUE_INVALID')
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = Buffer.from(description, 'base64')
      const index = at % bytes.length
      bytes[index] = (bytes[index] ?? 0) ^ flip
      const changed = { key, dataKey, values: { title, description: bytes.toString('base64') } }
      expect(codeOf(() => vault.open({ ...sealed, sealed: changed }))).toBe('ENCRYPTED_VALUE_INVALID')
    }),
    { numRuns: 50 },
  )
  // Another key that was given the same name.
  expect(codeOf(() => vaultOf([...encryptableFields]).open(sealed))).toBe('ENCRYPTED_VALUE_INVALID')
})

test('a key that is missing is named, with the record', () => {
  const sealed = vaultOf(['task.title'], keyLines('2026-11')).seal(task('task_a'))
  for (const vault of [new Vault(), vaultOf(['task.title'], keyLines('2026-12'))]) {
    expect(codeOf(() => vault.open(sealed))).toBe('ENCRYPTION_KEY_MISSING')
    expect(() => vault.open(sealed)).toThrow(/task task_a .* the key "2026-11"/)
  }
})

test('a record is current only with the first key, and with exactly the chosen fields', () => {
  const [old = '', fresh = ''] = keyLines('old', 'new')
  const one = taskOf({ description: 'something' })
  const sealed = vaultOf(['task.description'], [old]).seal(one)
  expect(vaultOf(['task.description'], [old]).isCurrent(sealed)).toBe(true)
  expect(vaultOf(['task.description'], [old]).isCurrent(one)).toBe(false)
  expect(vaultOf(['task.description'], [fresh, old]).isCurrent(sealed)).toBe(false)
  expect(vaultOf(['task.description', 'task.title'], [old]).isCurrent(sealed)).toBe(false)
  expect(vaultOf([], [old]).isCurrent(sealed)).toBe(false)
  expect(new Vault().isCurrent(one)).toBe(true)
  // Nothing to encrypt in it.
  expect(vaultOf(['task.description'], [old]).isCurrent(task('task_b'))).toBe(true)
  expect(vaultOf(['task.description'], [fresh, old]).open(sealed)).toEqual(one)
})

test('fields without keys, and keys that are none, are refused without repeating them', () => {
  expect(codeOf(() => new Vault({ fields: ['task.title'] }))).toBe('BAD_OPTION')
  const [line = ''] = keyLines('k1')
  for (const [text, why] of [
    ['', /has no key/],
    ['# nothing', /has no key/],
    [`${line}\n${line}`, /two keys with the id "k1"/],
    [line.slice(0, -10), /key 1 must be an id/],
    [`${line},k2`, /key 2 must be an id/],
    [line.slice(3), /key 1 must be an id/],
  ] as const) {
    expect(() => parseEncryptionKeys(text, 'the file')).toThrow(why)
    expect(codeOf(() => parseEncryptionKeys(text, 'the file'))).toBe('BAD_OPTION')
    expect(() => parseEncryptionKeys(text, 'the file')).not.toThrow(line.slice(3, 20))
  }
  expect(parseEncryptionKeys(`# the keys\n${line}\n`, 'the file').map(({ id }) => id)).toEqual(['k1'])
})

test('a sealed record leaves in an export and comes back as it was; one that says what it does not hold is refused', () => {
  const vault = vaultOf([...encryptableFields])
  const sealed = vault.seal(sampleTask(sampleWorkspace(), 1))
  const line = JSON.parse(JSON.stringify(written(sealed))) as Record<string, unknown>
  expect(recordIn(line)).toEqual(sealed)
  expect(codeOf(() => recordIn({ ...line, title: 'in the open' }))).toBe('IMPORT_INVALID')
  expect(codeOf(() => recordIn({ ...line, sealed: { key: 'k1' } }))).toBe('IMPORT_INVALID')
  expect(codeOf(() => recordIn({ ...line, sealed: { ...sealed.sealed, values: { status: 'AAAA' } } }))).toBe(
    'IMPORT_INVALID',
  )
})
