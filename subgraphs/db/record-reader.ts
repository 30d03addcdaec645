import type { CallOptions, Dispatcher } from '../../dispatch/port.ts'
import { kindOfGlobalId } from '../../kernel/global-id.ts'
import { type BatchLoader, batchLoader } from '../service/batch-loader.ts'
import type { Condition } from './condition.ts'
import type { StoredRecord } from './record.ts'
import type { OrderKey, RecordKey, RecordOrder, TaskStore } from './task-store.ts'
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

/**
 * Reads for one request on behalf of one viewer: sees only what the viewer may read, in the viewer's workspace. Reads
 * by key within one tick become one call of a store, and each record is read once a request.
 */
export class RecordReader {
  readonly viewer: Viewer
  readonly #store: Pick<Dispatcher<TaskStore>, 'call'>
  readonly #options: CallOptions
  readonly #records: BatchLoader<RecordKey, StoredRecord | undefined>
  readonly #blocks: BatchLoader<string, readonly RecordOf<'task'>[]>

  constructor(store: Pick<Dispatcher<TaskStore>, 'call'>, viewer: Viewer, options: CallOptions) {
    this.viewer = viewer
    this.#store = store
    this.#options = options
    this.#records = batchLoader(keys => store.call('read', keys, options), addressOf)
    this.#blocks = batchLoader(ids => this.#waitingFor(ids))
  }

  /** The record, or undefined when there is none or the viewer may not read it. */
  async load<K extends VisibleKind>(kind: K, id: string): Promise<RecordOf<K> | undefined> {
    // Whatever is no id of this kind cannot be found, and no store need see it.
    if (kindOfGlobalId(id) !== idKinds[kind]) return undefined
    const record = await this.#records.load({ kind, id })
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

  /** Records already at hand need not be read again. */
  prime(record: VisibleRecord): void {
    this.#records.prime({ kind: record.kind, id: record.id }, record)
  }

  /** A command has changed this record: what was known of it is of the past. */
  forget(record: VisibleRecord): void {
    this.#records.forget({ kind: record.kind, id: record.id })
  }

  async query<K extends VisibleKind>(query: VisibleQuery<K>): Promise<RecordOf<K>[]> {
    const { kind, order, limit, behind } = query
    const { workspaceId } = this.viewer
    const records = await this.#store.call(
      'query',
      {
        kind,
        workspaceId,
        where: this.#visible(kind, query.where),
        order,
        limit,
        ...(behind === undefined ? {} : { behind }),
      },
      this.#options,
    )
    // A query answers records of its kind only.
    const found = records as readonly RecordOf<K>[]
    for (const record of found) this.prime(record)
    return [...found]
  }

  count(kind: VisibleKind, where: Condition): Promise<number> {
    const { workspaceId } = this.viewer
    return this.#store.call('count', { kind, workspaceId, where: this.#visible(kind, where) }, this.#options)
  }

  /** Tasks that wait for this one, by creation, deleted ones left out; at most `blocksMax`. */
  blocks(taskId: string): Promise<readonly RecordOf<'task'>[]> {
    return this.#blocks.load(taskId)
  }

  #visible(kind: VisibleKind, where: Condition): Condition {
    return { is: 'all', of: [this.viewer.readable(kind), where] }
  }

  /** One question for all tasks; only when it meets the limit of a query is each asked alone. */
  async #waitingFor(ids: readonly string[]): Promise<readonly (readonly RecordOf<'task'>[])[]> {
    const ask = (wanted: readonly string[], limit: number): Promise<RecordOf<'task'>[]> =>
      this.query({
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
    const all = await ask(ids, queryMax)
    if (all.length === queryMax) return Promise.all(ids.map(id => ask([id], blocksMax)))
    return ids.map(id => all.filter(task => task.blockedByIds.includes(id)).slice(0, blocksMax))
  }
}

function addressOf({ kind, id }: RecordKey): string {
  return `${kind} ${id}`
}
