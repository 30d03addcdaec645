import { EnneadError } from '../../../kernel/errors.ts'
import type { DirectoryStore } from '../directory/directory-store.ts'
import { recordText } from '../directory/record-codec.ts'
import type { TransferredRecord } from './directory-form.ts'

export interface DirectoryImport {
  /** Records to store. */
  readonly puts: readonly TransferredRecord[]
  /** Stored already, and the same. */
  readonly same: number
  /** Stored already, differing, and kept. */
  readonly kept: number
}

/**
 * Decides what an import of these records changes; what is stored is never changed. Throws IMPORT_CONFLICT or
 * IMPORT_INVALID, with the record's `index` in its facts, for one that cannot be imported; then none is.
 */
export function planDirectoryImport(
  store: DirectoryStore,
  records: readonly TransferredRecord[],
  existing: 'refuse' | 'keep',
): DirectoryImport {
  const puts: TransferredRecord[] = []
  let same = 0
  let kept = 0
  for (const [index, record] of records.entries()) {
    const held = store.get(record.kind, record.id)
    if (held !== undefined && recordText(held) === recordText(record)) same++
    else if (held !== undefined && existing === 'keep') kept++
    else {
      const problem =
        held === undefined
          ? (takenBy(store, puts, record) ?? missingFor(store, puts, record))
          : `${told(record)} is stored here already and differs; with --existing keep it stays as it is here`
      if (problem !== undefined) throw new EnneadError('IMPORT_CONFLICT', problem, { facts: { index } })
      puts.push(record)
    }
  }
  return { puts, same, kept }
}

/** What must be unique and is taken. */
function takenBy(
  store: DirectoryStore,
  batch: readonly TransferredRecord[],
  record: TransferredRecord,
): string | undefined {
  const wayOut =
    'import into an Ennead without it, e.g. a new data folder that was started with --no-demo or never'
  if (batch.some(other => other.kind === record.kind && other.id === record.id)) {
    return `${told(record)} comes twice`
  }
  if (record.kind === 'workspace') {
    const holder =
      store.workspaceBySlug(record.slug) ??
      batch.find(other => other.kind === 'workspace' && other.slug === record.slug)
    return (
      holder && `${told(record)} cannot have the slug ${record.slug}: ${holder.id} has it here; ${wayOut}`
    )
  }
  if (record.kind !== 'user') return undefined
  const byEmail =
    store.userByEmail(record.email) ??
    batch.find(other => other.kind === 'user' && other.email === record.email)
  if (byEmail !== undefined) {
    return `${told(record)} cannot have the address ${record.email}: ${byEmail.id} has it here; ${wayOut}`
  }
  const { subject } = record
  const bySubject =
    subject === undefined
      ? undefined
      : (store.userBySubject(subject) ??
        batch.find(other => other.kind === 'user' && other.subject === subject))
  return bySubject && `${told(record)} cannot have its OIDC subject: ${bySubject.id} has it here; ${wayOut}`
}

/** What a record needs and that is not there. */
function missingFor(
  store: DirectoryStore,
  batch: readonly TransferredRecord[],
  record: TransferredRecord,
): string | undefined {
  const isThere = (kind: 'user' | 'workspace' | 'serviceAccount', id: string): boolean =>
    store.get(kind, id) !== undefined || batch.some(other => other.kind === kind && other.id === id)
  if ('workspaceId' in record && !isThere('workspace', record.workspaceId))
    return `${told(record)}: there is no workspace ${record.workspaceId}`
  if ('userId' in record && !isThere('user', record.userId))
    return `${told(record)}: there is no user ${record.userId}`
  if ('actorId' in record && !isThere('user', record.actorId) && !isThere('serviceAccount', record.actorId))
    return `${told(record)}: there is no user or service account ${record.actorId}`
  return undefined
}

function told(record: TransferredRecord): string {
  return `${record.kind} ${record.id}`
}
