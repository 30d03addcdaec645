import { mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { open, type Database, type RootDatabase } from 'lmdb'
import { EnneadError } from '../../../../kernel/errors.ts'
import { unwaited } from '../../../../kernel/lmdb-failure.ts'
import type { StoredRecord } from '../../record.ts'
import type { LogEntry, LogHead, Position, RecordKey, SeatState } from '../../task-store.ts'
import { tooNew } from '../../layout.ts'
import { keyBytesMax } from '../../storable.ts'
import { faultOfDataFile } from './lmdb-file.ts'

/** Raised when what is stored changes its form. */
const format = 1

/** The tables of one LMDB environment. Values are JSON, which measured twice as fast to read as MessagePack. */
export interface LmdbTables {
  readonly root: RootDatabase<unknown, string>
  /** `format`, `head`, `seat`, and the last term of each lease whose work was done here. */
  readonly meta: Database<unknown, string>
  /** By seq. */
  readonly log: Database<LogEntry, number>
  /** Where a commit is in the log, by its id. */
  readonly commits: Database<Position, string>
  /** By kind, workspace, id: the order in which a list is scanned. */
  readonly records: Database<StoredRecord, [string, string, string]>
  /** The workspace of a record, by kind and id. */
  readonly places: Database<string, [string, string]>
  /** Presence only: workspace, field, value, id. See `refFields`. */
  readonly refs: Database<1, [string, string, string, string]>
  /** Presence only: scope (`workspace`, `project`, `task`), its id, seq, for entries with an event. */
  readonly events: Database<1, [string, string, number]>
  /** The workspace of a receipt, by when it expires and its id. */
  readonly expiry: Database<string, [string, string]>
}

/** Fields whose equality finds records without a scan, by kind. */
export const refFields = { task: ['parentId', 'projectId'], comment: ['taskId'] } as const

/** Sorts behind every text and number in a key (ordered-binary: bytes come last). */
export const behindAll = Uint8Array.of(0xff)

/** Opens or creates the environment in `directory`. Throws DATA_FOLDER_UNREADABLE, DATA_FOLDER_CORRUPT or STORE_TOO_NEW. */
export function openTables(directory: string): LmdbTables {
  const root = openRoot(directory)
  const table = <V, K extends string | number | (string | number)[]>(name: string): Database<V, K> =>
    unwaited(root.openDB<V, K>({ name, encoding: 'json' }))
  const tables: LmdbTables = {
    root,
    meta: table('meta'),
    log: table('log'),
    commits: table('commits'),
    records: table('records'),
    places: table('places'),
    refs: table('refs'),
    events: table('events'),
    expiry: table('expiry'),
  }
  const found = tables.meta.get('format')
  if (found === undefined) tables.meta.putSync('format', format)
  else if (found !== format) {
    void root.close()
    if (typeof found === 'number' && found > format) {
      throw tooNew(`the record store in ${directory}`, basename(directory), found, format)
    }
    throw new EnneadError(
      'DATA_FOLDER_CORRUPT',
      `the record store is of format ${JSON.stringify(found)}, this version reads ${format}`,
    )
  }
  return tables
}

function openRoot(directory: string): RootDatabase<unknown, string> {
  const corrupt = (cause: unknown): EnneadError =>
    new EnneadError(
      'DATA_FOLDER_CORRUPT',
      'the folder of the record store does not hold what this version wrote; move it away to begin anew',
      { cause },
    )
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const fault = faultOfDataFile(join(directory, 'data.mdb'))
    if (fault !== undefined) throw corrupt(fault)
    // Without overlappingSync a write answers after its fdatasync; with it, before (checked with strace).
    return open<unknown, string>({
      path: directory,
      overlappingSync: false,
      // The writes of a turn would be a batch of their own, whose promise nobody has to catch when there is no disk space left.
      eventTurnBatching: false,
      maxDbs: 12,
      encoding: 'json',
    })
  } catch (cause) {
    if (cause instanceof EnneadError) throw cause
    const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (!unreadable.has(code)) throw corrupt(cause)
    throw new EnneadError(
      'DATA_FOLDER_UNREADABLE',
      'the folder of the record store cannot be read or written',
      { cause },
    )
  }
}

/** How the file system says no, by name or, out of LMDB, by number; everything else is LMDB refusing its file. */
const unreadable: ReadonlySet<unknown> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EISDIR',
  'ENOTDIR',
  'EEXIST',
  1,
  13,
  20,
  21,
  30,
])

/** The head as stored; undefined before the first entry. */
export function storedHead(tables: LmdbTables): LogHead | undefined {
  // Only writeEntries writes it.
  return tables.meta.get('head') as LogHead | undefined
}

export function getRecord(tables: LmdbTables, key: RecordKey): StoredRecord | undefined {
  if (!fitsKey(key.id)) return undefined
  const workspaceId = tables.places.get([key.kind, key.id])
  return workspaceId === undefined ? undefined : tables.records.get([key.kind, workspaceId, key.id])
}

/** The seat as stored; undefined: there is none. */
export function storedSeat(tables: LmdbTables): SeatState | undefined {
  // Only writeEntries writes it.
  return tables.meta.get('seat') as SeatState | undefined
}

/** Can this text be part of a key? What does not fit is in no table. */
export function fitsKey(text: string): boolean {
  return Buffer.byteLength(text) <= keyBytesMax
}

/** Throws BAD_USER_INPUT for an entry with an id that does not fit into a key; asked before a batch begins. */
export function requireKeys(commit: LogEntry['commit']): void {
  const { event, puts } = commit
  const ids = [commit.id, commit.workspaceId, ...puts.flatMap(record => record.id)]
  if (event !== undefined) ids.push(event.projectId, event.taskId)
  for (const ref of puts.flatMap(refsOf)) ids.push(ref[2])
  if (!ids.every(fitsKey)) {
    throw new EnneadError('BAD_USER_INPUT', `an id has more than ${keyBytesMax} bytes`)
  }
}

/** Puts a record and what finds it; `before` is what is stored now. Inside a batch only. */
export function putRecord(tables: LmdbTables, before: StoredRecord | undefined, record: StoredRecord): void {
  void tables.records.put([record.kind, record.workspaceId, record.id], record)
  if (before === undefined) void tables.places.put([record.kind, record.id], record.workspaceId)
  const old = before === undefined ? [] : refsOf(before)
  const now = refsOf(record)
  for (const ref of old) {
    if (!now.some(kept => kept[1] === ref[1] && kept[2] === ref[2])) void tables.refs.remove(ref)
  }
  for (const ref of now) void tables.refs.put(ref, 1)
  if (before?.kind === 'receipt') void tables.expiry.remove([before.expiresAt, before.id])
  if (record.kind === 'receipt') void tables.expiry.put([record.expiresAt, record.id], record.workspaceId)
}

/** Puts an entry and what finds it. Inside a batch only. */
export function putEntry(tables: LmdbTables, entry: LogEntry): void {
  const { position, commit } = entry
  void tables.log.put(position.seq, entry)
  void tables.commits.put(commit.id, position)
  void tables.meta.put('head', { ...position, commitId: commit.id })
  if (commit.event === undefined) return
  void tables.events.put(['workspace', commit.workspaceId, position.seq], 1)
  void tables.events.put(['project', commit.event.projectId, position.seq], 1)
  void tables.events.put(['task', commit.event.taskId, position.seq], 1)
}

/** The keys of `refs` that lead to a record. */
export function refsOf(record: StoredRecord): [string, string, string, string][] {
  const { workspaceId, id } = record
  if (record.kind === 'comment') return [[workspaceId, 'taskId', record.taskId, id]]
  if (record.kind !== 'task') return []
  const refs: [string, string, string, string][] = [[workspaceId, 'projectId', record.projectId, id]]
  if (record.parentId !== null) refs.push([workspaceId, 'parentId', record.parentId, id])
  return refs
}
