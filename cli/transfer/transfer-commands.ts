import { EnneadError } from '../../kernel/errors.ts'
import type { AuthDomain } from '../../subgraphs/auth/domain.ts'
import { directoryKinds, directoryRecordIn } from '../../subgraphs/auth/transfer/directory-form.ts'
import type { DbDomain } from '../../subgraphs/db/domain.ts'
import { exportChanges, exportHead, exportPage } from '../../subgraphs/db/transfer/export-records.ts'
import { importRecords } from '../../subgraphs/db/transfer/import-records.ts'
import { recordIn, transferKinds } from '../../subgraphs/db/transfer/record-form.ts'
import type { ControlHandlers } from '../control.ts'

type Input = Readonly<Record<string, unknown>>

const directoryPageMax = 500

/** What `ennead export` and `ennead import` ask of the process that has the auth domain. */
export function directoryTransfer({ administration }: AuthDomain): ControlHandlers {
  return new Map<string, (input: Input) => Promise<unknown>>([
    [
      'directory/page',
      async ({ kind, afterId }) => {
        const known = oneOf('kind', directoryKinds, kind)
        const records = administration.exportRecords(known, word('afterId', afterId), directoryPageMax)
        return { records, next: records.length < directoryPageMax ? undefined : records.at(-1)?.id }
      },
    ],
    [
      'directory/import',
      async ({ records, existing }) => {
        const parsed = parsedAll(records, value => directoryRecordIn(Object(value)))
        const { puts, same, kept } = await administration.importRecords(parsed, policy(existing))
        return { imported: puts.length, same, kept, expired: 0, missing: [] }
      },
    ],
  ])
}

/** What `ennead export` and `ennead import` ask of the process that has the db domain. */
export function recordTransfer(db: DbDomain): ControlHandlers {
  return new Map<string, (input: Input) => Promise<unknown>>([
    ['records/head', () => exportHead(db.current)],
    [
      'records/page',
      ({ kind, afterId, decrypt }) =>
        exportPage(recordsOf(db, decrypt), oneOf('kind', transferKinds, kind), word('afterId', afterId)),
    ],
    ['records/changes', ({ afterSeq, decrypt }) => exportChanges(recordsOf(db, decrypt), Number(afterSeq))],
    [
      'records/import',
      ({ records, existing }) =>
        importRecords(
          { store: db.current, writer: db.writer, clock: db.clock, random: Math.random },
          parsedAll(records, value => db.vault.open(recordIn(value))),
          policy(existing),
        ),
    ],
  ])
}

/** Records as they are stored, or with what is encrypted in them decrypted. */
function recordsOf({ current, stored }: DbDomain, decrypt: unknown): DbDomain['current'] {
  return decrypt === true ? current : stored
}

/** Parses each; a refusal says which one it is about. */
function parsedAll<T>(records: unknown, parse: (value: unknown) => T): readonly T[] {
  if (!Array.isArray(records)) throw new EnneadError('BAD_OPTION', 'records must be a list')
  return records.map((value, index) => {
    try {
      return parse(value)
    } catch (failure) {
      if (!(failure instanceof EnneadError)) throw failure
      throw new EnneadError(failure.code, failure.message, {
        facts: { ...failure.facts, index },
        cause: failure,
      })
    }
  })
}

function policy(given: unknown): 'refuse' | 'keep' {
  return oneOf('existing', ['refuse', 'keep'], given)
}

function oneOf<const T extends string>(name: string, words: readonly T[], given: unknown): T {
  const found = words.find(known => known === given)
  if (found !== undefined) return found
  throw new EnneadError(
    'BAD_OPTION',
    `${name} must be one of ${words.join(', ')}, got ${JSON.stringify(given)}`,
  )
}

function word(name: string, given: unknown): string {
  if (typeof given === 'string') return given
  throw new EnneadError('BAD_OPTION', `${name} must be a text, got ${JSON.stringify(given)}`)
}
