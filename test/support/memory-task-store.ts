import { randomUUID } from 'node:crypto'
import type { Attempt } from '../../dispatch/port.ts'
import { compareRecords, compareText, isBehind, matches } from '../../subgraphs/db/evaluate.ts'
import type { Head } from '../../subgraphs/db/frontier.ts'
import { emptyHead, entriesBehind, isWanted } from '../../subgraphs/db/log-order.ts'
import type { StoredRecord } from '../../subgraphs/db/record.ts'
import type {
  Commit,
  CommitOutcome,
  LogEntry,
  LogRead,
  Position,
  RecordKey,
  StoreEngine,
  TaskStore,
} from '../../subgraphs/db/task-store.ts'

/** What a test does to a store: called before the work of an operation, it may reject or wait. */
export type Fault = (operation: keyof TaskStore, attempt: Attempt) => Promise<void>

/** The whole port in memory: real meaning, nothing durable. The data outlives `close`, so that it can be opened again. */
export class MemoryTaskStore {
  readonly records = new Map<string, StoredRecord>()
  readonly entries: LogEntry[] = []
  readonly calls: (keyof TaskStore)[] = []
  /** Runs before an operation. */
  before: Fault | undefined
  /** Runs after an operation has taken effect, before it answers. */
  after: Fault | undefined
  readonly #outcomes = new Map<string, CommitOutcome>()
  readonly #epoch: string

  constructor(epoch: string = randomUUID()) {
    this.#epoch = epoch
  }

  /** Opens it; fails like a store that is not there while `absent` answers true. */
  readonly open = (): Promise<StoreEngine> =>
    Promise.resolve({ operations: this.operations, detail: 'memory', close: () => Promise.resolve() })

  readonly operations: TaskStore = {
    read: (keys, attempt) =>
      this.#run('read', attempt, () => keys.map(key => this.records.get(address(key)))),
    query: (query, attempt) =>
      this.#run('query', attempt, () => {
        const { behind, order } = query
        return [...this.records.values()]
          .filter(record => record.kind === query.kind && record.workspaceId === query.workspaceId)
          .filter(record => matches(record, query.where))
          .filter(record => behind === undefined || isBehind(record, order, behind))
          .sort(compareRecords(order))
          .slice(0, query.limit)
      }),
    scan: ({ kind, afterId, limit }, attempt) =>
      this.#run('scan', attempt, () =>
        [...this.records.values()]
          .filter(record => record.kind === kind && compareText(record.id, afterId) > 0)
          .sort((left, right) => compareText(left.id, right.id))
          .slice(0, limit),
      ),
    count: (query, attempt) =>
      this.#run(
        'count',
        attempt,
        () =>
          [...this.records.values()].filter(
            record =>
              record.kind === query.kind &&
              record.workspaceId === query.workspaceId &&
              matches(record, query.where),
          ).length,
      ),
    commit: (commits, attempt) =>
      this.#run('commit', attempt, () => commits.map(commit => this.#commit(commit))),
    head: (_input, attempt) => this.#run('head', attempt, () => this.head()),
    log: (read, attempt) => this.#run('log', attempt, () => this.#log(read)),
    absorb: (entries, attempt) => this.#run('absorb', attempt, () => this.#absorb(entries)),
    forget: (instant, attempt) =>
      this.#run('forget', attempt, () => {
        const gone = [...this.records].filter(
          ([, record]) => record.kind === 'receipt' && record.expiresAt < instant,
        )
        for (const [key] of gone) this.records.delete(key)
        return gone.length
      }),
  }

  head(): Head {
    const last = this.entries.at(-1)
    return last === undefined ? emptyHead : { ...last.position, commitId: last.commit.id }
  }

  /** Loses everything, as a store without a disk does. */
  clear(): void {
    this.records.clear()
    this.entries.length = 0
    this.#outcomes.clear()
  }

  async #run<T>(operation: keyof TaskStore, attempt: Attempt, work: () => T): Promise<T> {
    this.calls.push(operation)
    await this.before?.(operation, attempt)
    attempt.signal.throwIfAborted()
    const answer = work()
    await this.after?.(operation, attempt)
    return answer
  }

  #commit(commit: Commit): CommitOutcome {
    const known = this.#outcomes.get(commit.id)
    if (known !== undefined) return known
    const stale = commit.expects.filter(key => (this.records.get(address(key))?.version ?? 0) !== key.version)
    if (stale.length > 0) return { is: 'conflict', keys: stale.map(({ kind, id }) => ({ kind, id })) }
    const { expects: _, ...kept } = commit
    const epoch = this.entries[0]?.position.epoch ?? this.#epoch
    const position: Position = { epoch, seq: this.entries.length + 1 }
    this.#take({ position, commit: kept })
    return { is: 'committed', position }
  }

  #take(entry: LogEntry): void {
    this.entries.push(entry)
    this.#outcomes.set(entry.commit.id, { is: 'committed', position: entry.position })
    for (const put of entry.commit.puts) {
      if ((this.records.get(address(put))?.version ?? 0) < put.version) this.records.set(address(put), put)
    }
  }

  #absorb(entries: readonly LogEntry[]): Position {
    for (const entry of entriesBehind(this.head(), entries)) this.#take(entry)
    const { epoch, seq } = this.head()
    return { epoch, seq }
  }

  #log(read: LogRead): LogEntry[] {
    const wanted =
      read.newestFirst === true
        ? this.entries.filter(entry => read.afterSeq === 0 || entry.position.seq < read.afterSeq).reverse()
        : this.entries.filter(entry => entry.position.seq > read.afterSeq)
    return wanted.filter(entry => isWanted(entry, read)).slice(0, read.limit)
  }
}

function address({ kind, id }: RecordKey): string {
  return `${kind} ${id}`
}
