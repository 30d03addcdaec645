import { randomUUID } from 'node:crypto'
import type { Dispatcher } from '../../../dispatch/port.ts'
import { type Clock, type Random, sleep } from '../../../kernel/clock.ts'
import { EnneadError } from '../../../kernel/errors.ts'
import { addressOf } from '../commit-batch.ts'
import type { StoredRecord } from '../record.ts'
import type { Commit, RecordKey, TaskStore } from '../task-store.ts'
import type { Writer } from '../writer.ts'
import { type ExistingPolicy, type ImportPlan, type MissingTask, keysOf, planImport } from './import-plan.ts'
import { requireFreeNumbers } from './free-numbers.ts'
import type { TransferRecord } from './record-form.ts'

export interface ImportParts {
  /** Reads of the present only. */
  readonly store: Pick<Dispatcher<TaskStore>, 'call'>
  readonly writer: Pick<Writer, 'commit'>
  readonly clock: Clock
  readonly random: Random
}

/** What became of a batch of records. */
export interface ImportOutcome {
  readonly imported: number
  /** Stored already, and the same. */
  readonly same: number
  /** Stored already, differing, and kept. */
  readonly kept: number
  /** Receipts that are past their time, which nobody needs. */
  readonly expired: number
  readonly missing: readonly MissingTask[]
}

/** Records of one batch. */
export const importBatchMax = 100
const triesMax = 20
const jitterMs = 200
const keysMax = 1_000
/** Time for the reads of one batch. Milliseconds. */
const readMs = 10_000

/**
 * Stores records of an export, each as it was there, with its version. They go the way of every change, one commit a
 * workspace, so that copies and the log have them; they bring no events, because nothing happens to a task that moves
 * in. What is stored already is never changed. Doing it again changes nothing.
 *
 * Throws IMPORT_INVALID or IMPORT_CONFLICT, with the record's `index` in its facts, before anything of the batch is changed,
 * and what the writer throws; then parts of it may be stored, and doing it again goes on from there.
 */
export async function importRecords(
  parts: ImportParts,
  records: readonly TransferRecord[],
  existing: ExistingPolicy,
): Promise<ImportOutcome> {
  if (records.length > importBatchMax) {
    throw new EnneadError(
      'BAD_OPTION',
      `a batch has at most ${importBatchMax} records, got ${records.length}`,
    )
  }
  const now = new Date(parts.clock.wall()).toISOString()
  const isPast = (record: TransferRecord): boolean => record.kind === 'receipt' && record.expiresAt <= now
  const expired = records.filter(isPast).length
  let imported = 0
  for (let tried = 0; tried < triesMax; tried++) {
    if (tried > 0) await sleep(parts.clock, parts.random() * jitterMs)
    const stored = await readAll(parts, keysOf(records))
    // Past receipts keep their places, so that indexes stay true.
    const plan = planImport(records, withPast(stored, records.filter(isPast)), existing, now)
    await requireFreeNumbers(parts.store, records, stored, plan)
    const committed = await commitAll(parts, plan, now)
    imported += committed.records
    if (committed.whole) {
      const same = plan.same - expired - (imported - committed.records)
      return { imported, same, kept: plan.kept, expired, missing: plan.missing }
    }
  }
  throw new EnneadError(
    'UNAVAILABLE',
    `${triesMax} times others changed the same records; import again to go on`,
  )
}

/** Receipts that are past count as stored: there is nothing to do for them. */
function withPast(
  stored: ReadonlyMap<string, StoredRecord>,
  past: readonly TransferRecord[],
): ReadonlyMap<string, StoredRecord> {
  return new Map([...stored, ...past.map(record => [addressOf(record), record] as const)])
}

async function readAll(
  { store }: ImportParts,
  keys: readonly RecordKey[],
): Promise<ReadonlyMap<string, StoredRecord>> {
  const found = new Map<string, StoredRecord>()
  for (let from = 0; from < keys.length; from += keysMax) {
    const records = await store.call('read', keys.slice(from, from + keysMax), {
      timeoutMs: readMs,
      attemptMs: readMs,
    })
    for (const record of records) if (record !== undefined) found.set(addressOf(record), record)
  }
  return found
}

/** One commit a workspace; `whole`: none was in conflict. */
async function commitAll(
  { writer }: ImportParts,
  { puts, guards }: ImportPlan,
  at: string,
): Promise<{ readonly records: number; readonly whole: boolean }> {
  let records = 0
  for (const [workspaceId, some] of Map.groupBy(puts, record => record.workspaceId)) {
    const raised = guards.filter(({ guard }) => guard.workspaceId === workspaceId)
    const commit: Commit = {
      id: randomUUID(),
      workspaceId,
      // Nobody of the workspace did this; the deployment did.
      actorId: workspaceId,
      at,
      expects: [
        ...some.map(({ kind, id }) => ({ kind, id, version: 0 })),
        ...raised.map(({ guard: { kind, id }, current }) => ({ kind, id, version: current?.version ?? 0 })),
      ],
      puts: [...some, ...raised.map(({ guard }) => guard)],
      event: undefined,
    }
    const { is } = await writer.commit(commit)
    if (is === 'conflict') return { records, whole: false }
    records += some.length
  }
  return { records, whole: true }
}
