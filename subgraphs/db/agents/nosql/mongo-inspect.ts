import type { Model } from 'mongoose'
import { canonical } from '../../receipt.ts'
import { leaseLost } from '../../leadership/lease-lost.ts'
import type { Fence } from '../../leadership/lease.ts'
import type { RecordKind } from '../../record.ts'
import type { Cure, Inspected, StoreInspection } from '../../store-inspection.ts'
import { modelOf } from './mongo-apply.ts'
import type { MongoConnection } from './mongo-connection.ts'
import { isDuplicate, mongoFailure } from './mongo-failure.ts'
import { documentOf, type MongoModels, type RecordDocument, recordOf } from './mongo-models.ts'

/** The documents of every collection of records, each held against what its record makes. */
export function inspectionOf(models: MongoModels, { durable }: MongoConnection): StoreInspection {
  const kinds = [...models.records.keys()]
  return {
    async look(after, limit, signal) {
      const [kind, behind] = after === '' ? [kinds[0], ''] : (JSON.parse(after) as [RecordKind, string])
      if (kind === undefined) return { found: [], next: undefined }
      try {
        signal.throwIfAborted()
        const documents = await collectionOf(models, kind)
          .find({ _id: { $gt: behind } as never })
          .sort({ _id: 1 })
          .limit(limit)
          .toArray()
        const found = documents.map(document => inspected(kind, document))
        const last = found.at(-1)
        if (last !== undefined && found.length === limit)
          return { found, next: JSON.stringify([kind, last.key.id]) }
        const following = kinds[kinds.indexOf(kind) + 1]
        return { found, next: following === undefined ? undefined : JSON.stringify([following, '']) }
      } catch (failure) {
        throw mongoFailure(failure)
      }
    },
    async mend(cures, signal, fence) {
      try {
        if (fence !== undefined) await requireTerm(models, fence, durable)
        for (const cure of cures) {
          signal.throwIfAborted()
          await mend(models, cure, durable)
        }
      } catch (failure) {
        throw mongoFailure(failure)
      }
    },
  }
}

type Raw = Readonly<Record<string, unknown>> & { readonly _id: string }

/** Past the schemas: what lies there may be anything. */
function collectionOf(models: MongoModels, kind: RecordKind) {
  // The driver's types of a filter ask for a document type; ids of records are texts.
  return (modelOf(models, kind) as unknown as Model<Raw>).collection
}

function inspected(kind: RecordKind, raw: unknown): Inspected {
  // Every document has an id, and ours are texts.
  const document = raw as RecordDocument
  const key = { kind, id: document._id }
  const record = recordOf(document)
  const seen = raw
  if (record.kind !== kind || record.id !== document._id) {
    return { key, record: undefined, seen, faults: ['document is not the record of its key'] }
  }
  const expected: Readonly<Record<string, unknown>> = { ...documentOf(record) }
  const held: Readonly<Record<string, unknown>> = { ...document }
  const faults = ['_lower', '_isNull'].flatMap(field =>
    canonical(expected[field]) === canonical(held[field])
      ? []
      : [`field ${field} is ${canonical(held[field])}, the record makes ${canonical(expected[field])}`],
  )
  return { key, record, seen, faults }
}

/**
 * Finds the document only while each of its fields is as it was: what comes late, from a process that stood still, finds another one. What
 * was seen came out of the document itself; it is compared, never run.
 */
function asSeen(id: string, seen: unknown): object {
  const fields = Object.entries(seen ?? {}).filter(([name]) => !/^\$|\./.test(name))
  return { ...Object.fromEntries(fields.map(([name, value]) => [name, { $eq: value }])), _id: id }
}

/** Throws LEASE_LOST when a later holder has been here. */
async function requireTerm(
  models: MongoModels,
  fence: Fence,
  writeConcern: MongoConnection['durable'],
): Promise<void> {
  const { name, term } = fence
  try {
    await models.terms.updateOne(
      { _id: name, term: { $lte: term } },
      { $set: { term } },
      { upsert: true, writeConcern },
    )
  } catch (failure) {
    // There is one with a greater term, beside which the insert found no place.
    throw isDuplicate(failure) ? leaseLost('MongoDB', fence, failure) : failure
  }
}

async function mend(
  models: MongoModels,
  { key, seen, record }: Cure,
  writeConcern: MongoConnection['durable'],
): Promise<void> {
  const collection = collectionOf(models, key.kind)
  const filter = asSeen(key.id, seen)
  if (record === undefined) await collection.deleteOne(filter, { writeConcern })
  else if (seen !== undefined) await collection.replaceOne(filter, documentOf(record), { writeConcern })
  else {
    try {
      await collection.insertOne(documentOf(record) as never, { writeConcern })
    } catch (failure) {
      if (!isDuplicate(failure)) throw failure
    }
  }
}
