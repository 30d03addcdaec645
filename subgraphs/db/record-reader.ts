import type { CallOptions } from '../../dispatch/port.ts'
import type { Degradation } from '../../kernel/degradation.ts'
import { kindOfGlobalId } from '../../kernel/global-id.ts'
import { type BatchLoader, batchLoader } from '../service/batch-loader.ts'
import type { Condition } from './condition.ts'
import type { StoredRecord } from './record.ts'
import type { LastKnown } from './last-known.ts'
import type { RecordSource } from './reads.ts'
import type { OrderKey, RecordKey, RecordOrder } from './task-store.ts'
import { type Viewer, type VisibleKind, type VisibleRecord, idKinds } from './viewer.ts'

export type RecordOf<K extends VisibleKind> = Extract<VisibleRecord, { kind: K }>

export interface VisibleQuery<K extends VisibleKind> {
  readonly kind: K
  readonly where: Condition
  readonly order: RecordOrder
  /** 1 to 1,001. */
  readonly limit: number
  readonly behind?: OrderKey | undefined
}

/** Tasks waiting for one task that are listed. */
export const blocksMax = 100
/** The most a store answers at once. */
const queryMax = 1_001

/** Is told when something was answered from the past. */
export type HearDegradation = (degradation: Degradation) => void

/** What the readers of one request share. */
interface Shared {
  readonly source: RecordSource
  readonly viewer: Viewer
  readonly options: CallOptions
  readonly records: BatchLoader<RecordKey, LastKnown<StoredRecord | undefined>>
  readonly blocks: BatchLoader<string, LastKnown<readonly RecordOf<'task'>[]>>
}

/** A reader for one request on behalf of one viewer. `hear`: as of `RecordReader.at`. */
export function recordReader(
  source: RecordSource,
  viewer: Viewer,
  options: CallOptions,
  hear: HearDegradation,
): RecordReader {
  const shared: Shared = {
    source,
    viewer,
    options,
    records: batchLoader(async keys => {
      const { answer, degraded } = await source.call('read', keys, options)
      return answer.map(record => ({ answer: record, degraded }))
    }, addressOf),
    blocks: batchLoader(ids => tasksWaitingFor(shared, ids)),
  }
  return new RecordReader(shared, hear)
}

/**
 * Reads for one request on behalf of one viewer: sees only what the viewer may read, in the viewer's workspace. Reads
 * by key within one tick become one call of a store, and each record is read once a request.
 */
export class RecordReader {
  readonly viewer: Viewer
  readonly #shared: Shared
  readonly #hear: HearDegradation

  constructor(shared: Shared, hear: HearDegradation) {
    this.viewer = shared.viewer
    this.#shared = shared
    this.#hear = hear
  }

  /** The same reader for somebody else, who must tell the client when `hear` was told that something is of the past. */
  at(hear: HearDegradation): RecordReader {
    return new RecordReader(this.#shared, hear)
  }

  /** The record, or undefined when there is none or the viewer may not read it. */
  async load<K extends VisibleKind>(kind: K, id: string): Promise<RecordOf<K> | undefined> {
    // Whatever is no id of this kind cannot be found, and no store need see it.
    if (kindOfGlobalId(id) !== idKinds[kind]) return undefined
    const record = this.#heard(await this.#shared.records.load({ kind, id }))
    if (record === undefined || record.kind !== kind) return undefined
    // The kind was asked for and is the one that was answered.
    const visible = record as RecordOf<K>
    return this.viewer.can('read', visible) ? visible : undefined
  }

  /** Those of the records that the viewer may read, in the order of `ids`. */
  async loadMany<K extends VisibleKind>(kind: K, ids: readonly string[]): Promise<readonly RecordOf<K>[]> {
    const records = await Promise.all(ids.map(id => this.load(kind, id)))
    return records.filter(record => record !== undefined)
  }

  /** A command has changed this record: what was known of it is of the past. */
  forget(record: VisibleRecord): void {
    this.#shared.records.forget({ kind: record.kind, id: record.id })
  }

  async query<K extends VisibleKind>(query: VisibleQuery<K>): Promise<readonly RecordOf<K>[]> {
    return this.#heard(await queryVisible(this.#shared, query))
  }

  async count(kind: VisibleKind, where: Condition): Promise<number> {
    const { source, viewer, options } = this.#shared
    const { workspaceId } = viewer
    const input = { kind, workspaceId, where: visible(viewer, kind, where) }
    return this.#heard(await source.call('count', input, options))
  }

  /** Tasks that wait for this one, by creation, deleted ones left out; at most `blocksMax`. */
  async blocks(taskId: string): Promise<readonly RecordOf<'task'>[]> {
    return this.#heard(await this.#shared.blocks.load(taskId))
  }

  #heard<T>({ answer, degraded }: LastKnown<T>): T {
    if (degraded !== undefined) this.#hear(degraded)
    return answer
  }
}

async function queryVisible<K extends VisibleKind>(
  { source, viewer, options, records }: Shared,
  { kind, where, order, limit, behind }: VisibleQuery<K>,
): Promise<LastKnown<readonly RecordOf<K>[]>> {
  const { answer, degraded } = await source.call(
    'query',
    {
      kind,
      workspaceId: viewer.workspaceId,
      where: visible(viewer, kind, where),
      order,
      limit,
      ...(behind === undefined ? {} : { behind }),
    },
    options,
  )
  // Records already at hand need not be read again.
  for (const record of answer) records.prime({ kind, id: record.id }, { answer: record, degraded })
  // A query answers records of its kind only.
  return { answer: answer as readonly RecordOf<K>[], degraded }
}

/** One question for all tasks; only when it meets the limit of a query is each asked alone. */
async function tasksWaitingFor(
  shared: Shared,
  ids: readonly string[],
): Promise<readonly LastKnown<readonly RecordOf<'task'>[]>[]> {
  const ask = (wanted: readonly string[], limit: number): Promise<LastKnown<readonly RecordOf<'task'>[]>> =>
    queryVisible(shared, {
      kind: 'task',
      where: {
        is: 'all',
        of: [
          { is: 'in', field: 'blockedByIds', values: wanted },
          { is: 'in', field: 'deletedAt', values: [null] },
        ],
      },
      order: { field: 'createdAt', direction: 'ascending' },
      limit,
    })
  const { answer, degraded } = await ask(ids, queryMax)
  if (answer.length === queryMax) return Promise.all(ids.map(id => ask([id], blocksMax)))
  return ids.map(id => ({
    answer: answer.filter(task => task.blockedByIds.includes(id)).slice(0, blocksMax),
    degraded,
  }))
}

function visible(viewer: Viewer, kind: VisibleKind, where: Condition): Condition {
  return { is: 'all', of: [viewer.readable(kind), where] }
}

function addressOf({ kind, id }: RecordKey): string {
  return `${kind} ${id}`
}
