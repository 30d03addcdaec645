import type { AnyBulkWriteOperation, Model } from 'mongoose'
import { type RecordKind, type StoredRecord, isNewer } from '../../record.ts'
import type { LogEntry } from '../../task-store.ts'
import { addressOf } from '../../commit-batch.ts'
import type { MongoConnection } from './mongo-connection.ts'
import { isDuplicate } from './mongo-failure.ts'
import { documentOf, type MongoModels, type RecordDocument } from './mongo-models.ts'

/**
 * Brings the records to where these entries of the log say they are, and remembers that. May be repeated, and done by
 * several processes at once: a record never goes back to an older one. Durable when it answers.
 */
export async function applyEntries(
  models: MongoModels,
  { durable, ordered }: Pick<MongoConnection, 'durable' | 'ordered'>,
  entries: readonly LogEntry[],
): Promise<void> {
  const last = entries.at(-1)
  if (last === undefined) return
  const newest = new Map<string, StoredRecord>()
  for (const record of entries.flatMap(entry => entry.commit.puts)) {
    const address = addressOf(record)
    if (isNewer(record, newest.get(address))) newest.set(address, record)
  }
  const byKind = Map.groupBy(newest.values(), record => record.kind)
  await Promise.all(
    [...byKind].map(([kind, records]) => putNewer(modelOf(models, kind), records, { writeConcern: ordered })),
  )
  await raiseMarker(models, last.position.seq, { writeConcern: durable })
}

export function modelOf(models: MongoModels, kind: RecordKind): Model<RecordDocument> {
  const model = models.records.get(kind)
  if (model === undefined) throw new TypeError(`no model for records of kind ${kind}`)
  return model
}

interface Written {
  readonly writeConcern: MongoConnection['durable']
}

async function putNewer(
  model: Model<RecordDocument>,
  records: readonly StoredRecord[],
  { writeConcern }: Written,
): Promise<void> {
  const put = async (upsert: boolean): Promise<void> => {
    // The driver's types of a filter do not know a union of documents; the fields are those of every record.
    const writes = records.map(record => ({
      replaceOne: {
        filter: { _id: record.id, ...olderThan(record) },
        replacement: documentOf(record),
        upsert,
      },
    })) as AnyBulkWriteOperation<RecordDocument>[]
    await model.bulkWrite(writes, { ordered: false, throwOnValidationError: true, writeConcern })
  }
  try {
    await put(true)
  } catch (failure) {
    // The record is there, in a version that is not lower, or in one that another process is putting right now.
    if (!isDuplicate(failure)) throw failure
    await put(false)
  }
}

/** What `isNewer` says, as a filter. */
function olderThan(record: StoredRecord): object {
  return record.kind === 'receipt'
    ? { expiresAt: { $lt: record.expiresAt } }
    : { version: { $lt: record.version } }
}

async function raiseMarker(models: MongoModels, seq: number, { writeConcern }: Written): Promise<void> {
  const raise = (): Promise<unknown> =>
    models.marker.updateOne({ _id: 'applied' }, { $max: { seq } }, { upsert: true, writeConcern }).exec()
  try {
    await raise()
  } catch (failure) {
    // Two processes made it at once.
    if (!isDuplicate(failure)) throw failure
    await raise()
  }
}
