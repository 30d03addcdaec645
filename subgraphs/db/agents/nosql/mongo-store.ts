import type { PipelineStage } from 'mongoose'
import { EnneadError } from '../../../../kernel/errors.ts'
import type { Log } from '../../../../kernel/log.ts'
import type { StoredRecord } from '../../record.ts'
import type {
  LogEntry,
  LogRead,
  RecordKey,
  RecordQuery,
  RecordScan,
  StoreAttempt,
  StoreEngine,
} from '../../task-store.ts'
import { addressOf } from '../../commit-batch.ts'
import {
  behindToMongo,
  conditionToMongo,
  type MongoFilter,
  orderToMongo,
  plainText,
} from './condition-to-mongo.ts'
import { modelOf } from './mongo-apply.ts'
import { connectMongo, type MongoConnection } from './mongo-connection.ts'
import { mongoFailure } from './mongo-failure.ts'
import { indexFor, logIndexFor } from './mongo-indexes.ts'
import { inspectionOf } from './mongo-inspect.ts'
import { stampMongo } from './mongo-layout.ts'
import { MongoLog } from './mongo-log.ts'
import { unknownOutcome } from './write-lane.ts'
import { entryOf, type LogDocument, mongoModels, type MongoModels } from './mongo-models.ts'
import { type RecordDocument, recordOf } from './mongo-models.ts'

export interface MongoStoreOptions {
  /** `mongodb://user:password@host:port/database` or `mongodb+srv://…` */
  readonly url: string
  /** Default: the one in the URL, else `ennead`. */
  readonly database?: string
  /** Milliseconds until a server must be found. At least 1. Default 5,000. */
  readonly connectTimeoutMs?: number
  readonly log: Log
}

const defaults = { connectTimeoutMs: 5_000 } as const

/** Reads that may wait for MongoDB at once; further ones are refused. */
const readsMax = 1_000
/** The longest a read may run on the server, whatever its attempt allows. */
const readMsMax = 30_000

/**
 * A whole TaskStore on MongoDB, standalone or a replica set: a commit answers when it is in the journal (of most
 * members), whole or not at all; several processes may write. Rejects with UNAVAILABLE when there is no server; later
 * breaks of the connection heal by themselves.
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<StoreEngine> {
  const { url, database, connectTimeoutMs, log } = { ...defaults, ...options }
  if (!Number.isSafeInteger(connectTimeoutMs) || connectTimeoutMs < 1) {
    throw new EnneadError('BAD_OPTION', `connectTimeoutMs must be an integer >= 1, got ${connectTimeoutMs}`)
  }
  const mongo = await connectMongo(url, database, connectTimeoutMs, log)
  const models = mongoModels(mongo.connection)
  const writer = new MongoLog(models, mongo)
  const never = new AbortController().signal
  try {
    await stampMongo(mongo.connection)
    await makeCollections(models)
    await writer.lane.run(never, () => writer.settle())
  } catch (failure) {
    await mongo.connection.close(true)
    throw mongoFailure(failure)
  }
  const store = new MongoStore(models, writer)
  return {
    detail: mongo.detail,
    inspection: inspectionOf(models, mongo),
    operations: {
      read: (keys, attempt) => store.read(keys, attempt),
      query: (query, attempt) => store.query(query, attempt),
      count: (query, attempt) => store.count(query, attempt),
      scan: (scan, attempt) => store.scan(scan, attempt),
      facts: (commits, { signal }) => writer.lane.run(signal, () => writer.facts(commits)),
      seat: (_input, { signal }) => writer.lane.run(signal, () => writer.seat()),
      vote: (change, { signal }) => writer.lane.run(signal, () => writer.vote(change), unknownOutcome),
      head: (_input, { signal }) => writer.lane.run(signal, () => writer.end()),
      log: (read, attempt) => store.log(read, attempt),
      absorb: (entries, { signal }) => writer.lane.run(signal, () => writer.absorb(entries)),
      forget: (before, { signal }) => writer.lane.run(signal, () => forget(models, mongo, before)),
    },
    // Waits for the write that runs; what comes later finds the connection closed.
    close: () => writer.lane.run(never, () => mongo.connection.close()),
  }
}

class MongoStore {
  readonly #models: MongoModels
  readonly #writer: MongoLog
  #reading = 0

  constructor(models: MongoModels, writer: MongoLog) {
    this.#models = models
    this.#writer = writer
  }

  async read(
    keys: readonly RecordKey[],
    attempt: StoreAttempt,
  ): Promise<readonly (StoredRecord | undefined)[]> {
    return this.#run(attempt, async maxTimeMS => {
      const byKind = Map.groupBy(keys, key => key.kind)
      const found = new Map<string, StoredRecord>()
      await Promise.all(
        [...byKind].map(async ([kind, some]) => {
          const ids = some.map(key => key.id)
          const documents = await modelOf(this.#models, kind)
            .find({ _id: { $in: ids } })
            .maxTimeMS(maxTimeMS)
            .lean<RecordDocument[]>()
            .exec()
          for (const document of documents) found.set(`${kind}/${document._id}`, recordOf(document))
        }),
      )
      return keys.map(key => found.get(addressOf(key)))
    })
  }

  async query(query: RecordQuery, attempt: StoreAttempt): Promise<readonly StoredRecord[]> {
    const filters = [scopeOf(query), conditionToMongo(query.where)]
    if (query.behind !== undefined) filters.push(behindToMongo(query.order, query.behind))
    const pipeline: PipelineStage[] = [
      { $match: { $and: filters } },
      { $sort: { ...orderToMongo(query.order) } },
      { $limit: query.limit },
    ]
    const hint = indexFor(query.kind, query.where, query.order)
    const documents = await this.#run(attempt, maxTimeMS =>
      modelOf(this.#models, query.kind)
        .aggregate<RecordDocument>(pipeline)
        .option({ maxTimeMS, hint })
        .exec(),
    )
    return documents.map(recordOf)
  }

  async count(
    query: Pick<RecordQuery, 'kind' | 'workspaceId' | 'where'>,
    attempt: StoreAttempt,
  ): Promise<number> {
    const pipeline: PipelineStage[] = [
      { $match: { $and: [scopeOf(query), conditionToMongo(query.where)] } },
      { $count: 'count' },
    ]
    const hint = indexFor(query.kind, query.where)
    const [counted] = await this.#run(attempt, maxTimeMS =>
      modelOf(this.#models, query.kind)
        .aggregate<{ count: number }>(pipeline)
        .option({ maxTimeMS, hint })
        .exec(),
    )
    return counted?.count ?? 0
  }

  async scan({ kind, afterId, limit }: RecordScan, attempt: StoreAttempt): Promise<readonly StoredRecord[]> {
    const documents = await this.#run(attempt, maxTimeMS =>
      modelOf(this.#models, kind)
        .find({ _id: { $gt: plainText(afterId) } })
        .sort({ _id: 1 })
        .limit(limit)
        .maxTimeMS(maxTimeMS)
        .lean<RecordDocument[]>()
        .exec(),
    )
    return documents.map(recordOf)
  }

  async log(read: LogRead, attempt: StoreAttempt): Promise<readonly LogEntry[]> {
    const newestFirst = read.newestFirst === true
    const place = newestFirst ? (read.afterSeq === 0 ? {} : { $lt: read.afterSeq }) : { $gt: read.afterSeq }
    const pipeline: PipelineStage[] = [
      { $match: { $and: [{ _id: { $gt: 0, ...place } }, ...logFilters(read)] } },
      { $sort: { _id: newestFirst ? -1 : 1 } },
      { $limit: read.limit },
    ]
    const hint = logIndexFor(read)
    const documents = await this.#run(attempt, maxTimeMS =>
      this.#models.log.aggregate<LogDocument>(pipeline).option({ maxTimeMS, hint }).exec(),
    )
    // Nobody is told of a change that a read might not show yet.
    const newest = Math.max(0, ...documents.map(document => document._id))
    if (newest > this.#writer.applied) {
      await this.#writer.lane.run(attempt.signal, () => this.#writer.reach(newest))
    }
    return documents.map(entryOf)
  }

  /** Runs a read with its time limit, after what this process knows to be missing has been made up for. */
  async #run<T>(attempt: StoreAttempt, work: (maxTimeMS: number) => Promise<T>): Promise<T> {
    const { signal, remainingMs, reach = 0 } = attempt
    signal.throwIfAborted()
    if (this.#reading >= readsMax) {
      throw new EnneadError('OVERLOADED', `${readsMax} reads are waiting for MongoDB`)
    }
    this.#reading++
    try {
      if (this.#writer.stale || this.#writer.applied < reach) {
        await this.#writer.lane.run(signal, () => this.#writer.reach(reach))
      }
      const maxTimeMS = Math.ceil(Math.min(Math.max(remainingMs, 1), readMsMax))
      // The driver's own signal would close the connection under the others; the server ends the read by itself.
      const checked = async (): Promise<T> => {
        const { life } = this.#writer
        const answer = await work(maxTimeMS)
        // A database that was dropped answers like one in which nothing is.
        await this.#writer.requireUnlost(life, reach)
        return answer
      }
      return await untilAborted(checked(), signal)
    } catch (failure) {
      signal.throwIfAborted()
      throw mongoFailure(failure)
    } finally {
      this.#reading--
    }
  }
}

function scopeOf({ workspaceId }: Pick<RecordQuery, 'workspaceId'>): MongoFilter {
  return { workspaceId: { $eq: plainText(workspaceId) } }
}

function logFilters({ workspaceId, projectId, taskId }: LogRead): MongoFilter[] {
  const filters: MongoFilter[] = []
  if (workspaceId !== undefined) filters.push({ workspaceId: { $eq: plainText(workspaceId) } })
  if (projectId !== undefined) filters.push({ 'event.projectId': { $eq: plainText(projectId) } })
  if (taskId !== undefined) filters.push({ 'event.taskId': { $eq: plainText(taskId) } })
  // The indexes hold entries with an event only, and are used only when the filter says so, too.
  if (filters.length > 0) filters.push({ 'event.id': { $exists: true } })
  return filters
}

async function forget(models: MongoModels, { durable }: MongoConnection, before: string): Promise<number> {
  try {
    const receipts = modelOf(models, 'receipt').collection
    const { deletedCount } = await receipts.deleteMany(
      { expiresAt: { $lt: plainText(before) } },
      { writeConcern: durable },
    )
    return deletedCount
  } catch (failure) {
    throw mongoFailure(failure)
  }
}

async function makeCollections(models: MongoModels): Promise<void> {
  for (const model of [...models.records.values(), models.log, models.marker, models.seat, models.terms]) {
    await model.createCollection()
    await model.createIndexes()
  }
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const left = (): void => reject(signal.reason)
    signal.addEventListener('abort', left, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', left))
  })
}
