import { type Connection, type Model, Schema, type SchemaDefinitionProperty } from 'mongoose'
import { type Field, fields } from '../../condition.ts'
import type { RecordKind, StoredRecord } from '../../record.ts'
import type { LogEntry } from '../../task-store.ts'
import { isNullField, lowerCaseField, nullable } from './condition-to-mongo.ts'
import { indexesOf, logIndexes } from './mongo-indexes.ts'

/** A record as it is stored: its own fields, and what MongoDB needs beside them to answer as the port says. */
export type RecordDocument = StoredRecord & {
  readonly _id: string
  readonly [lowerCaseField]?: Readonly<Record<string, string>>
  readonly [isNullField]?: Readonly<Record<string, true>>
}

/** An entry of the change log; inserting it is the commit. */
export interface LogDocument {
  /** The seq. */
  readonly _id: number
  readonly epoch: string
  readonly commitId: string
  readonly workspaceId: string
  readonly actorId: string
  readonly at: string
  readonly puts: readonly StoredRecord[]
  readonly event: LogEntry['commit']['event'] | null
}

/** One document, `applied`: all entries up to this seq are in the records. */
export interface MarkerDocument {
  readonly _id: 'applied'
  readonly seq: number
}

/** One document, `seat`: the store's part in the quorum, as JSON, and how often it has changed. */
export interface SeatDocument {
  readonly _id: 'seat'
  readonly turn: number
  readonly state: string
}

/** The last term of a lease whose work was done here, by the lease's name. */
export interface TermDocument {
  readonly _id: string
  readonly term: number
}

/** What a store is made of: a collection for each kind of record, the log, the marker, the seat and the terms. */
export interface MongoModels {
  readonly records: ReadonlyMap<RecordKind, Model<RecordDocument>>
  readonly log: Model<LogDocument>
  readonly marker: Model<MarkerDocument>
  readonly seat: Model<SeatDocument>
  readonly terms: Model<TermDocument>
}

type Definition<R extends StoredRecord> = Readonly<Record<keyof R, SchemaDefinitionProperty>>

const text = { type: String, required: false } as const
const number = { type: Number } as const
const list = { type: [String], default: undefined } as const
const common = {
  id: text,
  kind: text,
  workspaceId: text,
  version: number,
  createdAt: text,
  updatedAt: text,
  sealed: { type: Schema.Types.Mixed },
} as const

/** Every field of every kind: a field that record.ts gets and this does not have is a type error. */
const definitions: { readonly [K in RecordKind]: Definition<Extract<StoredRecord, { kind: K }>> } = {
  project: { ...common, key: text, name: text, archived: { type: Boolean }, creatorId: text },
  task: {
    ...common,
    number,
    projectId: text,
    title: text,
    description: text,
    status: text,
    priority: number,
    startAt: text,
    dueAt: text,
    completedAt: text,
    estimateMinutes: number,
    creatorId: text,
    assigneeIds: list,
    labelIds: list,
    parentId: text,
    blockedByIds: list,
    deletedAt: text,
    searchText: text,
  },
  label: { ...common, name: text, colour: text },
  comment: { ...common, taskId: text, body: text, authorId: text },
  receipt: { ...common, requestHash: text, answer: { type: Schema.Types.Mixed }, expiresAt: text },
  guard: { ...common, value: { type: Schema.Types.Mixed } },
}

// Collections and indexes are made once, when the store opens; a field nobody declared is an error, never dropped.
const options = {
  strict: 'throw',
  versionKey: false,
  id: false,
  minimize: false,
  autoIndex: false,
  autoCreate: false,
  timestamps: false,
} as const

export function mongoModels(connection: Connection): MongoModels {
  const records = new Map<RecordKind, Model<RecordDocument>>()
  for (const kind of recordKinds) {
    const definition = {
      _id: String,
      ...definitions[kind],
      [lowerCaseField]: { type: Schema.Types.Mixed },
      [isNullField]: { type: Schema.Types.Mixed },
    }
    const schema = new Schema<RecordDocument>(definition, { ...options, collection: `${kind}s` })
    for (const index of indexesOf(kind)) schema.index({ ...index })
    records.set(kind, connection.model<RecordDocument>(kind, schema))
  }
  return {
    records,
    log: connection.model<LogDocument>('log', logSchema()),
    marker: connection.model<MarkerDocument>(
      'marker',
      new Schema<MarkerDocument>({ _id: String, seq: number }, { ...options, collection: 'markers' }),
    ),
    seat: connection.model<SeatDocument>(
      'seat',
      new Schema<SeatDocument>(
        { _id: String, turn: number, state: text },
        { ...options, collection: 'seats' },
      ),
    ),
    terms: connection.model<TermDocument>(
      'term',
      new Schema<TermDocument>({ _id: String, term: number }, { ...options, collection: 'terms' }),
    ),
  }
}

// Object.keys forgets the names; these are those of the object above.
const recordKinds = Object.keys(definitions) as RecordKind[]

function logSchema(): Schema<LogDocument> {
  const schema = new Schema<LogDocument>(
    {
      _id: Number,
      epoch: text,
      commitId: text,
      workspaceId: text,
      actorId: text,
      at: text,
      puts: { type: [Schema.Types.Mixed] },
      event: { type: Schema.Types.Mixed },
    },
    { ...options, collection: 'log' },
  )
  schema.index({ commitId: 1 }, { unique: true })
  const withEvent = { partialFilterExpression: { 'event.id': { $exists: true } } }
  for (const index of Object.values(logIndexes)) schema.index({ ...index }, withEvent)
  return schema
}

/** The record with what stands beside it. */
export function documentOf(record: StoredRecord): RecordDocument {
  const lower: Record<string, string> = {}
  const isNull: Record<string, true> = {}
  // The values of a record, by any field of any kind.
  const values = record as Partial<Record<Field, unknown>>
  for (const field of fields) {
    const value = values[field]
    if (value === null && nullable.has(field)) isNull[field] = true
    if (typeof value === 'string' && value !== value.toLowerCase()) lower[field] = value.toLowerCase()
  }
  return {
    ...record,
    _id: record.id,
    ...(Object.keys(lower).length > 0 ? { [lowerCaseField]: lower } : {}),
    ...(Object.keys(isNull).length > 0 ? { [isNullField]: isNull } : {}),
  }
}

/** The record out of its document. */
export function recordOf(document: RecordDocument): StoredRecord {
  const { _id, [lowerCaseField]: _lower, [isNullField]: _isNull, ...record } = document
  return record
}

export function logDocumentOf({ position, commit }: LogEntry): LogDocument {
  const { id, workspaceId, actorId, at, puts, event } = commit
  return {
    _id: position.seq,
    epoch: position.epoch,
    commitId: id,
    workspaceId,
    actorId,
    at,
    puts,
    event: event ?? null,
  }
}

export function entryOf(document: LogDocument): LogEntry {
  const { _id, epoch, commitId, workspaceId, actorId, at, puts, event } = document
  return {
    position: { epoch, seq: _id },
    commit: { id: commitId, workspaceId, actorId, at, puts, event: event ?? undefined },
  }
}
