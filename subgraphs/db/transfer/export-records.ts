import type { Dispatcher } from '../../../dispatch/port.ts'
import { addressOf } from '../commit-batch.ts'
import type { Position, TaskStore } from '../task-store.ts'
import { type TransferKind, type TransferRecord, transferKinds, written } from './record-form.ts'

type Store = Pick<Dispatcher<TaskStore>, 'call'>

/** A record as it is written to a file. */
export type WrittenRecord = Readonly<Record<string, unknown>>

export interface ExportPage {
  readonly records: readonly WrittenRecord[]
  /** The id to go on behind; undefined: that was all. */
  readonly next: string | undefined
}

export interface ExportedChanges {
  /** The records as these entries left them, each once. */
  readonly records: readonly WrittenRecord[]
  /** The last entry that was read; 0 before the first. */
  readonly seq: number
  /** There may be entries behind it already. */
  readonly more: boolean
}

const pageMax = 100
const entriesMax = 100

/*
 * An export is a walk over all records while others go on changing them, and then the changes since the walk began,
 * read from the log: together they are all records as of the last entry that was read. A record is walked past once, as
 * it is at that moment; if it changes before or after, the log has it.
 */

/** Where the log ends now. */
export async function exportHead(store: Store): Promise<Position> {
  const { epoch, seq } = await store.call('head', undefined)
  return { epoch, seq }
}

/** The next records of a kind; '' begins. */
export async function exportPage(store: Store, kind: TransferKind, afterId: string): Promise<ExportPage> {
  const found = await store.call('scan', { kind, afterId, limit: pageMax })
  return {
    // A walk over a kind meets that kind only.
    records: found.map(record => written(record as TransferRecord)),
    next: found.length < pageMax ? undefined : found.at(-1)?.id,
  }
}

/** What has changed since an entry. */
export async function exportChanges(store: Store, afterSeq: number): Promise<ExportedChanges> {
  const entries = await store.call('log', { afterSeq, limit: entriesMax })
  const newest = new Map<string, TransferRecord>()
  for (const put of entries.flatMap(entry => entry.commit.puts)) {
    // Guards do not leave in an export.
    if (transferKinds.some(kind => kind === put.kind)) newest.set(addressOf(put), put as TransferRecord)
  }
  return {
    records: [...newest.values()].map(written),
    seq: entries.at(-1)?.position.seq ?? afterSeq,
    more: entries.length === entriesMax,
  }
}
